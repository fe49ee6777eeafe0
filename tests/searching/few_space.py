"""A space of four networks: too few for a latency to be predicted."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.papers import Architecture
from edgewise.searching import Choice, Option, Space


def build(chosen: Mapping[str, Option]) -> Architecture:
    stem = ConvBNAct(out_channels=int(chosen["width"]), kernel=int(chosen["kernel"]), stride=2)
    return Architecture("few", (stem, Classifier(classes=2)), input=(3, 16, 16))


FEW = Space("few", (Choice("width", (8, 32)), Choice("kernel", (3, 5))), build)
