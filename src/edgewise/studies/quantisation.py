"""int8: quantised after training, and tuned for it."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.papers import find
from edgewise.studies.study import Claim, Study, Variant


def _variants() -> Mapping[str, Variant]:
    base = find("mobilenet_v2")
    return {
        "float": Variant(base),
        "int8": Variant(base, form="int8"),
        "int8, tuned": Variant(base, form="int8 tuned"),
    }


STUDIES = (
    Study(
        "quantisation",
        "What does int8 lose after training, and what does tuning for it give back?",
        "Krishnamoorthi, Quantizing deep convolutional networks, 2018: within 2% of floating point with a scale for "
        "each channel's weights, and within 1% after tuning",
        _variants,
        (
            Claim("quantised after training it loses little", "int8", "float", 0.02),
            Claim("tuned for int8 it loses nearly nothing", "int8, tuned", "float", 0.01),
        ),
    ),
)
