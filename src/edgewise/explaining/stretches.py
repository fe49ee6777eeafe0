"""Stretches of rows whose wiring is worth seeing, at a few channels each: the papers' blocks, made of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgewise.blocks import (
    BasicBlock,
    Bottleneck,
    ConvBNAct,
    DepthwiseSeparable,
    Inception,
    InvertedResidual,
    Row,
    ShuffleUnitV1,
    ShuffleUnitV2,
    Step,
    XceptionModule,
)
from edgewise.explaining.connectivity import Connectivity
from edgewise.graph import functional as f
from edgewise.graph.value import Value

__all__ = ["STRETCHES", "Stretch"]


@dataclass(frozen=True)
class Stretch:
    """Rows on a map of `channels` × `side` × `side`, what they are, and where they are from."""

    title: str
    rows: tuple[Row, ...]
    channels: int = 6
    side: int = 7

    @property
    def connectivity(self) -> Connectivity:
        return Connectivity.of(*self.rows, image=(self.channels, self.side, self.side))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled(Row):
    """The channel shuffle alone; in networks it stands inside of units."""

    groups: int

    def apply(self, x: Value) -> Value:
        return f.shuffle(x, self.groups)


def _pointwise(channels: int, groups: int = 1) -> ConvBNAct:
    return ConvBNAct(out_channels=channels, kernel=1, groups=groups)


def _unit(groups: int, *, shuffle: bool = True) -> ShuffleUnitV1:
    return ShuffleUnitV1(
        out_channels=6, inner=6, groups=groups, first_groups=groups, last_groups=groups, shuffle=shuffle
    )


_LINEAR = InvertedResidual(out_channels=3, expanded=9)

STRETCHES: Mapping[str, Stretch] = {
    "convolution": Stretch("A convolution", (ConvBNAct(out_channels=6),)),
    "pointwise": Stretch("A 1×1 convolution", (_pointwise(6),)),
    "grouped2": Stretch("A convolution in 2 groups (AlexNet)", (ConvBNAct(out_channels=6, groups=2),)),
    "grouped3": Stretch("A convolution in 3 groups", (ConvBNAct(out_channels=6, groups=3),)),
    "pointwise_grouped2": Stretch("A 1×1 convolution in 2 groups", (_pointwise(6, 2),)),
    "pointwise_grouped3": Stretch("A 1×1 convolution in 3 groups", (_pointwise(6, 3),)),
    "depthwise": Stretch("A depthwise convolution", (ConvBNAct(out_channels=6, groups=6),)),
    "shuffle2": Stretch("The channel shuffle of 2 groups", (Shuffled(groups=2),)),
    "shuffle3": Stretch("The channel shuffle of 3 groups", (Shuffled(groups=3),)),
    "resnet": Stretch("ResNet's block", (BasicBlock(inner=6, out_channels=6),)),
    "resnet_bottleneck": Stretch("ResNet's bottleneck", (Bottleneck(inner=3, out_channels=12),), channels=12),
    "resnext": Stretch("ResNeXt's block, in 3 groups", (Bottleneck(inner=6, out_channels=12, groups=3),), channels=12),
    "inception": Stretch(
        "An Inception module",
        (
            Inception(
                branches=(
                    (Step(out_channels=2),),
                    (Step(out_channels=2), Step(out_channels=2, kernel=(3, 3))),
                    (Step(out_channels=2), Step(out_channels=2, kernel=(3, 3)), Step(out_channels=2, kernel=(3, 3))),
                )
            ),
        ),
    ),
    "inception_simplified": Stretch(
        "A simplified Inception module: 1×1, then 3×3 on 3 segments (Xception, Figure 3)",
        (_pointwise(6), ConvBNAct(out_channels=6, groups=3)),
    ),
    "inception_extreme": Stretch(
        "An extreme Inception module: as many segments as channels (Xception, Figure 4)",
        (_pointwise(6), ConvBNAct(out_channels=6, groups=6)),
    ),
    "xception": Stretch("A separable convolution of Xception", (XceptionModule(widths=(6,), residual=False),)),
    "mobilenet_v1": Stretch("MobileNet's block", (DepthwiseSeparable(out_channels=6),)),
    "mobilenet_v2": Stretch("MobileNetV2's block: narrow ends, wide inside", (_LINEAR, _LINEAR), channels=3),
    "mobilenet_v2_expanded": Stretch(
        "MobileNetV2 in its other reading: wide ends, a narrow linear middle",
        (ConvBNAct(out_channels=9, groups=9), ConvBNAct(out_channels=3, kernel=1, activation=None), _pointwise(9)),
        channels=9,
    ),
    "mobilenet_v3": Stretch(
        "MobileNetV3's block with its gate", (replace(_LINEAR, squeeze=3, activation="hard_swish"),), channels=3
    ),
    "fd_mobilenet": Stretch(
        "FD-MobileNet: two halvings in a row",
        (DepthwiseSeparable(out_channels=6, stride=2), DepthwiseSeparable(out_channels=6, stride=2)),
        side=13,
    ),
    "shufflenet_v1_g2": Stretch("Two units of ShuffleNet, 2 groups", (_unit(2),) * 2),
    "shufflenet_v1_g3": Stretch("Two units of ShuffleNet, 3 groups", (_unit(3),) * 2),
    "shufflenet_v1_unshuffled": Stretch("Two units of ShuffleNet without the shuffle", (_unit(2, shuffle=False),) * 2),
    "shufflenet_v2": Stretch("Two units of ShuffleNet V2", (ShuffleUnitV2(out_channels=6, passed=3, inner=3),) * 2),
}
"""By name."""
