"""Squeeze-and-excitation (Hu et al., 2018) in MobileNetV3: with it, without it, and only early or late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgewise.blocks import InvertedResidual
from edgewise.papers import Architecture, find
from edgewise.studies.study import Claim, Study, Variant, plain

_MIDDLE = 8
"""The first row of MobileNetV3-Small's second half; its gates begin in row 1."""


def _gated(name: str, rows: range) -> Architecture:
    """MobileNetV3-Small with the gates of these rows alone."""
    base = find("mobilenet_v3_small")
    made = [
        replace(row, squeeze=0) if isinstance(row, InvertedResidual) and index not in rows else row
        for index, row in enumerate(base.rows)
    ]
    return replace(base, name=f"mobilenet_v3_small_{name}", rows=tuple(made))


def _variants() -> Mapping[str, Variant]:
    return plain(
        {
            "all gates": find("mobilenet_v3_small"),
            "none": _gated("no_gates", range(0)),
            "early gates": _gated("early_gates", range(_MIDDLE)),
            "late gates": _gated("late_gates", range(_MIDDLE, 100)),
        }
    )


STUDIES = (
    Study(
        "squeeze",
        "What do squeeze-and-excitation gates give, and in which half of the network?",
        "SENet, section 6.4: gates help at every stage, at all of them most",
        _variants,
        (
            Claim("gates help", "all gates", "none"),
            Claim("those of the first half help", "early gates", "none"),
            Claim("those of the second half help", "late gates", "none"),
        ),
    ),
)
