"""A study as a user writes it, in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.papers import Architecture
from edgewise.studies import Claim, Study, Variant


def tiny(linear: bool) -> Architecture:
    rows = (
        ConvBNAct(out_channels=8, stride=2),
        InvertedResidual(out_channels=8, expanded=16, linear=linear),
        Classifier(classes=1000),
    )
    return Architecture("tiny", rows)


def variants() -> Mapping[str, Variant]:
    return {
        "linear": Variant(tiny(True)),
        "ReLU6": Variant(tiny(False)),
        "smaller": Variant(tiny(True), 0.5),
        "int8": Variant(tiny(True), form="int8"),
    }


TINY = Study("tiny", "Is it linear?", "nobody's", variants, (Claim("linear is better", "linear", "ReLU6"),), width=1.0)
