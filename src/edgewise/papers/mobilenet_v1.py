"""MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications (Howard et al., 2017)."""

from __future__ import annotations

from dataclasses import replace

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, Row, WidthRule
from edgewise.graph.ops import BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family, at_widths

TABLE_1: tuple[Row, ...] = (
    ConvBNAct(out_channels=32, stride=2),
    DepthwiseSeparable(out_channels=64),
    DepthwiseSeparable(out_channels=128, stride=2),
    DepthwiseSeparable(out_channels=128),
    DepthwiseSeparable(out_channels=256, stride=2),
    DepthwiseSeparable(out_channels=256),
    DepthwiseSeparable(out_channels=512, stride=2),
    *(DepthwiseSeparable(out_channels=512),) * 5,
    DepthwiseSeparable(out_channels=1024, stride=2),
    DepthwiseSeparable(out_channels=1024),  # the paper prints stride 2; its own map sizes stay 7×7
    Classifier(classes=1000, dropout=0.001),
)

BASE = Architecture(
    name="mobilenet_v1",
    family="mobilenet_v1",
    rows=TABLE_1,
    norm=BatchNorm(eps=1e-3),
    widths=WidthRule(divisor=1, minimum=8, floor=True),  # slim: max(8, int(d·α)), the stem too
)


def mobilenet_v1(width: float = 1.0) -> Architecture:
    """Table 1, every width times `width` (the paper's α)."""
    return BASE.scaled(width)


def conv_mobilenet() -> Architecture:
    """Table 4's "Conv MobileNet": a full 3×3 convolution in place of every depthwise separable one."""
    rows = tuple(
        ConvBNAct(out_channels=row.out_channels, stride=row.stride) if isinstance(row, DepthwiseSeparable) else row
        for row in TABLE_1
    )
    return replace(BASE, name="mobilenet_v1_conv", rows=rows)


def shallow_mobilenet() -> Architecture:
    """Table 5's "Shallow MobileNet": the five rows of 512 channels at 14×14 removed."""
    return replace(BASE, name="mobilenet_v1_shallow", rows=TABLE_1[:7] + TABLE_1[12:])


FAMILY = Family(
    "mobilenet_v1",
    "Howard et al., MobileNets, 2017",
    at_widths("mobilenet_v1", mobilenet_v1, 1, 0.75, 0.5, 0.25)
    | {"mobilenet_v1_conv": conv_mobilenet, "mobilenet_v1_shallow": shallow_mobilenet},
    {"mobilenet_v1": mobilenet_v1},
)
