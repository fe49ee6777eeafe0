"""FD-MobileNet: Improved MobileNet with a Fast Downsampling Strategy (Qin et al., 2018)."""

from __future__ import annotations

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, Row, WidthRule
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family, at_widths

TABLE_1: tuple[Row, ...] = (
    ConvBNAct(out_channels=32, stride=2),
    DepthwiseSeparable(out_channels=64, stride=2),
    DepthwiseSeparable(out_channels=128, stride=2),
    DepthwiseSeparable(out_channels=128),
    DepthwiseSeparable(out_channels=256, stride=2),
    DepthwiseSeparable(out_channels=256),
    DepthwiseSeparable(out_channels=512, stride=2),
    *(DepthwiseSeparable(out_channels=512),) * 4,
    DepthwiseSeparable(out_channels=1024),
    Classifier(classes=1000),
)

BASE = Architecture(
    name="fd_mobilenet",
    family="fd_mobilenet",
    rows=TABLE_1,
    widths=WidthRule(divisor=1, minimum=1, floor=True),  # the authors' int(d·α), without a least width
)


def fd_mobilenet(width: float = 1.0) -> Architecture:
    """Table 1, every width times `width`: MobileNet's rows, but 7×7 cells are reached within twelve layers."""
    return BASE.scaled(width)


FAMILY = Family(
    "fd_mobilenet",
    "Qin et al., FD-MobileNet, 2018",
    at_widths("fd_mobilenet", fd_mobilenet, 1, 0.5, 0.25),
    {"fd_mobilenet": fd_mobilenet},
)
