"""Aggregated Residual Transformations for Deep Neural Networks (Xie et al., 2016)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import Bottleneck, Classifier, ConvBNAct, MaxPool, Row, WidthRule
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family
from edgewise.papers.resnet import WIDTHS, stages


def resnext(depth: int, cardinality: int = 32, base_width: int = 4, *, width: float = 1.0) -> Architecture:
    """Table 1: ResNet's bottlenecks with the 3×3 in `cardinality` groups of `base_width` channels (in the first stage;
    twice as many in each further one), the stride in the 3×3."""

    def block(stage: int, stride: int) -> Row:
        inner = cardinality * base_width * 2**stage
        out = 4 * WIDTHS[stage]
        return Bottleneck(inner=inner, out_channels=out, groups=cardinality, stride=stride, stride_in="spatial")

    base = Architecture(
        name=f"resnext{depth}_{cardinality}x{base_width}d",
        family="resnext",
        rows=(
            ConvBNAct(out_channels=64, kernel=7, stride=2),
            MaxPool(),
            *stages(depth, block),
            Classifier(classes=1000),
        ),
        widths=WidthRule(divisor=8),
    )
    return base.scaled(width)


FAMILY = Family(
    "resnext",
    "Xie et al., Aggregated Residual Transformations (ResNeXt), 2016",
    {
        f"resnext{depth}_{cardinality}x{base_width}d": partial(resnext, depth, cardinality, base_width)
        for depth, cardinality, base_width in ((50, 32, 4), (101, 32, 4), (101, 32, 8), (101, 64, 4))
    },
)
