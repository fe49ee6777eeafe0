"""MobileNetV2's inverted residual with a linear bottleneck, with MobileNetV3's squeeze-and-excitation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import squeeze_excite
from edgewise.graph.functional import PaddingRule
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class InvertedResidual(Row):
    """Expand by 1×1, filter depthwise, squeeze-and-excite where `squeeze` gives a width, project linearly.

    The shortcut joins the narrow ends where stride and width allow (MobileNetV2, section 3.3; MobileNetV3, Figure 4).
    Without `expanded` (expansion factor 1 in the papers' tables) there is no expansion convolution and the depthwise
    one filters the input itself, as in the released networks. `groups` are those of both 1×1 convolutions. Without
    `linear` the activation stands behind the projection too (MobileNetV2, Figure 6a).
    """

    out_channels: int
    expanded: int = 0
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: PaddingRule = "same"
    groups: int = 1
    squeeze: int = 0
    gate: ActivationKind = "hard_sigmoid"
    activation: ActivationKind = "relu6"
    shortcut: bool = True
    linear: bool = True

    def has_shortcut(self, channels: int) -> bool:
        """Whether the result is added to an input of `channels`."""
        return self.shortcut and self.stride == 1 and channels == self.out_channels

    def apply(self, x: Value) -> Value:
        y = x
        if self.expanded:
            y = conv_bn_act(x, self.expanded, groups=self.groups, activation=self.activation, name="expand")
        y = conv_bn_act(
            y,
            y.channels,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            padding=self.padding,
            groups=y.channels,
            activation=self.activation,
            name="depthwise",
        )
        if self.squeeze:
            y = squeeze_excite(y, self.squeeze, gate=self.gate)
        if self.linear:
            y = conv_bn(y, self.out_channels, groups=self.groups, name="project")
        else:
            y = conv_bn_act(y, self.out_channels, groups=self.groups, activation=self.activation, name="project")
        return x + y if self.has_shortcut(x.channels) else y

    def explicit(self, channels: int) -> Self:
        return replace(self, shortcut=self.has_shortcut(channels))

    def scaled(self, scaling: Scaling) -> Self:
        expanded = scaling.inner(self.expanded) if self.expanded else 0
        squeeze = scaling.squeeze(expanded or scaling.in_after) if self.squeeze else 0
        return replace(self, expanded=expanded, out_channels=scaling.width(self.out_channels), squeeze=squeeze)
