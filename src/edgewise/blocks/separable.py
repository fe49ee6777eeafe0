"""MobileNet v1's depthwise separable convolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import scaled_squeeze, squeeze_excite
from edgewise.graph.functional import PaddingRule
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthwiseSeparable(Row):
    """A depthwise convolution filters each channel, a pointwise one mixes them (MobileNets, section 3.1, Figure 3).

    Without `intermediate` no activation stands between the two (the question of Xception's ablation). `groups` are
    those of the pointwise convolution; `squeeze` adds squeeze-and-excitation behind it (SENet, section 6.1.2).
    """

    out_channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: PaddingRule = "same"
    groups: int = 1
    activation: ActivationKind | None = "relu"
    intermediate: bool = True
    squeeze: int = 0

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(
            x,
            x.channels,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            padding=self.padding,
            groups=x.channels,
            activation=self.activation if self.intermediate else None,
            name="depthwise",
        )
        y = conv_bn_act(y, self.out_channels, groups=self.groups, activation=self.activation, name="pointwise")
        return squeeze_excite(y, self.squeeze) if self.squeeze else y

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        return replace(self, out_channels=out, squeeze=scaled_squeeze(self.squeeze, self.out_channels, out))
