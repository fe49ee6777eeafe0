"""ResNet's two residual blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.value import Value


def _shortcut(x: Value, y: Value, stride: int) -> Value:
    """The identity where the shapes agree, else a projection (ResNet, option B)."""
    if stride == 1 and x.channels == y.channels:
        return x
    return conv_bn(x, y.channels, stride=stride, name="shortcut")


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicBlock(Row):
    """Two 3×3 convolutions and a shortcut (ResNet, Figure 5 left)."""

    inner: int
    out_channels: int
    kernel: int = 3
    stride: int = 1

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(x, self.inner, kernel=self.kernel, stride=self.stride, activation="relu", name="first")
        y = conv_bn(y, self.out_channels, kernel=self.kernel, name="second")
        return f.activate(y + _shortcut(x, y, self.stride), "relu")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, inner=scaling.width(self.inner), out_channels=scaling.width(self.out_channels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck(Row):
    """1×1 down to `inner`, 3×3, 1×1 up to `out_channels`, and a shortcut (ResNet, Figure 5 right).

    `stride_in` says which convolution halves the map: the paper's first 1×1, or the 3×3 of torchvision and ResNeXt.
    """

    inner: int
    out_channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    stride_in: Literal["reduce", "spatial"] = "reduce"

    def apply(self, x: Value) -> Value:
        first, second = (self.stride, 1) if self.stride_in == "reduce" else (1, self.stride)
        y = conv_bn_act(x, self.inner, stride=first, activation="relu", name="reduce")
        y = conv_bn_act(
            y,
            self.inner,
            kernel=self.kernel,
            stride=second,
            dilation=self.dilation,
            groups=self.groups,
            activation="relu",
            name="spatial",
        )
        y = conv_bn(y, self.out_channels, name="restore")
        return f.activate(y + _shortcut(x, y, self.stride), "relu")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, inner=scaling.width(self.inner), out_channels=scaling.width(self.out_channels))
