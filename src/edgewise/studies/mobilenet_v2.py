"""MobileNetV2 (Sandler et al., 2018): linear bottlenecks, and shortcuts between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgewise.blocks import InvertedResidual
from edgewise.papers import Architecture, find
from edgewise.studies.study import Claim, Study, Variant, plain


def _changed(name: str, *, linear: bool = True, shortcut: bool = True) -> Architecture:
    base = find("mobilenet_v2")
    rows = [
        replace(row, linear=linear, shortcut=shortcut) if isinstance(row, InvertedResidual) else row
        for row in base.rows
    ]
    return replace(base, name=name, rows=tuple(rows))


def _variants() -> Mapping[str, Variant]:
    return plain(
        {
            "linear": find("mobilenet_v2"),
            "ReLU6": _changed("mobilenet_v2_relu", linear=False),
            "no shortcut": _changed("mobilenet_v2_no_shortcut", shortcut=False),
        }
    )


STUDIES = (
    Study(
        "bottlenecks",
        "Do bottlenecks have to be linear, and joined by shortcuts?",
        "MobileNetV2, section 6.4 and Figure 6",
        _variants,
        (
            Claim("linear bottlenecks are better than those with ReLU6", "linear", "ReLU6"),
            Claim("shortcuts between bottlenecks help", "linear", "no shortcut"),
        ),
    ),
)
