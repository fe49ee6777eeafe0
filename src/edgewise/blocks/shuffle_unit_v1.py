"""ShuffleNet v1's unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, gcd
from typing import Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import scaled_squeeze, squeeze_excite
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleUnitV1(Row):
    """A grouped 1×1, the shuffle, a depthwise convolution, a grouped 1×1 (ShuffleNet, Figure 2b and c).

    The result is added to the input, or where `concatenated` joined to the average-pooled input; the widths of both
    are then `out_channels` together. `groups` are those of the shuffle, `first_groups` and `last_groups` those of the
    two 1×1 convolutions: the very first one of a network is not grouped (section 3.2). Without `shuffle` the groups
    never meet (Table 3's ablation); `order` replaces the shuffle once surgery has made it irregular.
    """

    out_channels: int
    inner: int
    groups: int
    first_groups: int
    last_groups: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    concatenated: bool = False
    squeeze: int = 0
    activation: ActivationKind = "relu"
    shuffle: bool = True
    order: tuple[int, ...] | None = None

    def apply(self, x: Value) -> Value:
        width = self.out_channels - x.channels if self.concatenated else self.out_channels
        y = conv_bn_act(x, self.inner, groups=self.first_groups, activation=self.activation, name="compress")
        y = f.shuffle(y, self.groups if self.shuffle else 1, order=self.order)
        y = conv_bn(
            y,
            self.inner,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.inner,
            name="depthwise",
        )
        y = conv_bn(y, width, groups=self.last_groups, name="expand")
        y = squeeze_excite(y, self.squeeze) if self.squeeze else y
        if not self.concatenated:
            return f.activate(x + y, self.activation)
        passed = f.pool(x, "average", kernel=3, stride=self.stride) if self.stride > 1 else x
        return f.activate(f.concat(passed, y), self.activation)

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        last_groups = self.last_groups
        if self.concatenated:
            out = max(out, (scaling.in_after // self.groups + 1) * self.groups)  # something has to be added
            last_groups = gcd(out - scaling.in_after, self.groups)
        inner = ceil(out / 4 / self.groups) * self.groups
        squeeze = scaled_squeeze(self.squeeze, self.out_channels, out)
        return replace(self, out_channels=out, inner=inner, last_groups=last_groups, squeeze=squeeze)
