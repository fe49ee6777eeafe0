"""A layer of MnasNet's search space: any of its convolutions, with any of its shortcuts (section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import scaled_squeeze, squeeze_excite
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value

ConvOp = Literal["conv", "separable", "inverted"]
SkipOp = Literal["none", "identity", "pool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MnasLayer(Row):
    """A convolution, a depthwise separable one, or an inverted residual that widens to `expanded`; then a shortcut.

    Squeeze-and-excitation to `squeeze` channels stands behind the convolution that looks at the map. What is added is
    the input (`identity`, where stride is 1) or its average over 3×3 (`pool`, at any stride), in both cases where the
    widths are equal. The paper names these options without drawing them; where they stand is our reading.
    """

    op: ConvOp
    out_channels: int
    expanded: int = 0
    kernel: int = 3
    stride: int = 1
    squeeze: int = 0
    gate: ActivationKind = "sigmoid"
    activation: ActivationKind = "relu"
    skip: SkipOp = "none"

    def added(self, channels: int) -> SkipOp:
        """What is added for an input of `channels`."""
        if channels != self.out_channels or (self.skip == "identity" and self.stride > 1):
            return "none"
        return self.skip

    def apply(self, x: Value) -> Value:
        if self.op == "conv":
            y = self._gated(self._filtered(x, self.out_channels, 1, "conv"))
        else:
            y = x
            if self.op == "inverted":
                y = conv_bn_act(x, self.expanded, activation=self.activation, name="expand")
            y = self._gated(self._filtered(y, y.channels, y.channels, "depthwise"))
            y = conv_bn(y, self.out_channels, name="project")
        match self.added(x.channels):
            case "identity":
                return x + y
            case "pool":
                return f.pool(x, "average", kernel=3, stride=self.stride, name="skip") + y
            case _:
                return y

    def _filtered(self, x: Value, out_channels: int, groups: int, name: str) -> Value:
        return conv_bn_act(
            x,
            out_channels,
            kernel=self.kernel,
            stride=self.stride,
            groups=groups,
            activation=self.activation,
            name=name,
        )

    def _gated(self, x: Value) -> Value:
        return squeeze_excite(x, self.squeeze, gate=self.gate) if self.squeeze else x

    def explicit(self, channels: int) -> Self:
        return replace(self, skip=self.added(channels))

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        expanded = scaling.inner(self.expanded) if self.expanded else 0
        before, after = {
            "conv": (self.out_channels, out),
            "separable": (scaling.in_before, scaling.in_after),
            "inverted": (self.expanded, expanded),
        }[self.op]
        return replace(self, out_channels=out, expanded=expanded, squeeze=scaled_squeeze(self.squeeze, before, after))
