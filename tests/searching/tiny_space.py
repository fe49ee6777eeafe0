"""A space of a user's own: a stem, and up to three blocks with a choice of kernels and widths."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row
from edgewise.papers import Architecture
from edgewise.searching import Choice, Option, Space


def build(chosen: Mapping[str, Option]) -> Architecture:
    width = int(chosen["width"])
    rows: list[Row] = [ConvBNAct(out_channels=8, stride=2)]
    rows += [
        InvertedResidual(
            expanded=2 * (width if number else 8),
            out_channels=width,
            kernel=int(chosen["kernel"]),
            stride=1 if number else 2,
            squeeze=8 if chosen["squeeze"] else 0,
            activation="relu",
        )
        for number in range(int(chosen["blocks"]))
    ]
    return Architecture("tiny", (*rows, Classifier(classes=10)), input=(3, 24, 24))


TINY = Space(
    "tiny",
    (
        Choice("blocks", (1, 2, 3)),
        Choice("width", (8, 16, 24)),
        Choice("kernel", (3, 5)),
        Choice("squeeze", (False, True)),
    ),
    build,
)
