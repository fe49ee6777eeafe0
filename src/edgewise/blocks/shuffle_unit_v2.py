"""ShuffleNet v2's units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import scaled_squeeze, squeeze_excite
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit(Row):
    """What both units share: the branch that filters, and the mixing at the end.

    `squeeze` adds squeeze-and-excitation to the unit's whole result: only there does it give the paper's costs (Table
    8: 597 million, Table 6: 12.7 billion). `order` replaces the shuffle once surgery has made it irregular.
    """

    out_channels: int
    inner: int
    kernel: int = 3
    dilation: int = 1
    squeeze: int = 0
    activation: ActivationKind = "relu"
    order: tuple[int, ...] | None = None

    def depthwise(self, x: Value, name: str, stride: int) -> Value:
        return conv_bn(
            x, x.channels, kernel=self.kernel, stride=stride, dilation=self.dilation, groups=x.channels, name=name
        )

    def branch(self, x: Value, out_channels: int, stride: int) -> Value:
        y = conv_bn_act(x, self.inner, activation=self.activation, name="expand")
        y = self.depthwise(y, "depthwise", stride)
        return conv_bn_act(y, out_channels, activation=self.activation, name="project")

    def mixed(self, *parts: Value) -> Value:
        y = f.concat(*parts)
        y = squeeze_excite(y, self.squeeze) if self.squeeze else y
        return f.shuffle(y, 2, order=self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleUnitV2(_Unit):
    """The first `passed` channels pass, the rest are filtered, and a shuffle mixes both (ShuffleNet V2, Figure 3c).

    In the paper half pass and `inner` is a half too. `residual` adds what the branch filters to what it gives
    (Table 6's deepest network).
    """

    passed: int
    residual: bool = False

    def apply(self, x: Value) -> Value:
        passed, active = f.split(x, self.passed, x.channels - self.passed)
        y = self.branch(active, self.out_channels - self.passed, 1)
        return self.mixed(passed, y + active if self.residual else y)

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        squeeze = scaled_squeeze(self.squeeze, self.out_channels, out)
        return replace(self, out_channels=out, passed=out // 2, inner=out // 2, squeeze=squeeze)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleDownUnitV2(_Unit):
    """The unit that halves the map: both branches see all channels and are filtered (ShuffleNet V2, Figure 3d).

    `projected` is the width of the left branch. The authors' release keeps the input's width there and gives the right
    branch the rest; torchvision gives both a half. Only the first reproduces the paper's multiply-adds.
    """

    projected: int
    stride: int = 2

    def apply(self, x: Value) -> Value:
        left = self.depthwise(x, "projection_depthwise", self.stride)
        left = conv_bn_act(left, self.projected, activation=self.activation, name="projection")
        return self.mixed(left, self.branch(x, self.out_channels - self.projected, self.stride))

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        projected = scaling.in_after if self.projected == scaling.in_before else out // 2
        squeeze = scaled_squeeze(self.squeeze, self.out_channels, out)
        return replace(self, out_channels=out, projected=projected, inner=out // 2, squeeze=squeeze)
