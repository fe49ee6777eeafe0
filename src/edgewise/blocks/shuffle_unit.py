"""ShuffleNet v2's units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleUnitV2(Row):
    """The first `passed` channels pass, the rest are filtered, and a shuffle mixes both (ShuffleNet V2, Figure 3c).

    In the paper half pass and `inner` is a half too. `order` replaces the shuffle once surgery has made it irregular.
    """

    out_channels: int
    passed: int
    inner: int
    kernel: int = 3
    order: tuple[int, ...] | None = None

    def apply(self, x: Value) -> Value:
        passed, active = f.split(x, self.passed, x.channels - self.passed)
        y = _branch(active, self.inner, self.out_channels - self.passed, kernel=self.kernel, stride=1)
        return f.shuffle(f.concat(passed, y), 2, order=self.order)

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        return replace(self, out_channels=out, passed=out // 2, inner=out // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleDownUnitV2(Row):
    """The unit that halves the map: both branches see all channels and are filtered (ShuffleNet V2, Figure 3d).

    `projected` is the width of the left branch. The authors' release keeps the input's width there and gives the right
    branch the rest; torchvision gives both a half. Only the first reproduces the paper's multiply-adds.
    """

    out_channels: int
    projected: int
    inner: int
    stride: int = 2
    kernel: int = 3
    order: tuple[int, ...] | None = None

    def apply(self, x: Value) -> Value:
        left = conv_bn(
            x, x.channels, kernel=self.kernel, stride=self.stride, groups=x.channels, name="projection_depthwise"
        )
        left = conv_bn_act(left, self.projected, activation="relu", name="projection")
        right = _branch(x, self.inner, self.out_channels - self.projected, kernel=self.kernel, stride=self.stride)
        return f.shuffle(f.concat(left, right), 2, order=self.order)

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        keeps_input = self.projected == scaling.in_before
        return replace(self, out_channels=out, projected=scaling.in_after if keeps_input else out // 2, inner=out // 2)


def _branch(x: Value, inner: int, out_channels: int, *, kernel: int, stride: int) -> Value:
    y = conv_bn_act(x, inner, activation="relu", name="expand")
    y = conv_bn(y, inner, kernel=kernel, stride=stride, groups=inner, name="depthwise")
    return conv_bn_act(y, out_channels, activation="relu", name="project")
