"""MobileNet v1's depthwise separable convolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.graph.functional import PaddingRule
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthwiseSeparable(Row):
    """A depthwise convolution filters each channel, a pointwise one mixes them (MobileNets, section 3.1, Figure 3)."""

    out_channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: PaddingRule = "same"
    activation: ActivationKind | None = "relu"

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(
            x,
            x.channels,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            padding=self.padding,
            groups=x.channels,
            activation=self.activation,
            name="depthwise",
        )
        return conv_bn_act(y, self.out_channels, activation=self.activation, name="pointwise")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, out_channels=scaling.width(self.out_channels))
