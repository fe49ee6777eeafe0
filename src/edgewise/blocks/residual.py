"""ResNet's two residual blocks, with SENet's gate and ResNeXt's groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.blocks.squeeze_excite import scaled_squeeze, squeeze_excite
from edgewise.errors import EdgewiseError
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


def projects(project: bool | None, stride: int, channels: int, out_channels: int) -> bool:
    """Whether a shortcut is a projection: where the shapes do not agree (ResNet, option B), or `project` says so."""
    return (stride > 1 or channels != out_channels) if project is None else project


def _shortcut(x: Value, y: Value, stride: int, project: bool | None, kernel: int = 1) -> Value:
    if not projects(project, stride, x.channels, y.channels):
        return x
    return conv_bn(x, y.channels, kernel=kernel, stride=stride, name="shortcut")


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicBlock(Row):
    """Two 3×3 convolutions and a shortcut (ResNet, Figure 5 left).

    The shortcut is a projection where the shapes do not agree, or where `project` says so.
    """

    inner: int
    out_channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    squeeze: int = 0
    activation: ActivationKind = "relu"
    project: bool | None = None

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(
            x,
            self.inner,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
            activation=self.activation,
            name="first",
        )
        y = conv_bn(y, self.out_channels, kernel=self.kernel, dilation=self.dilation, groups=self.groups, name="second")
        y = squeeze_excite(y, self.squeeze) if self.squeeze else y
        return f.activate(y + _shortcut(x, y, self.stride, self.project), self.activation)

    def explicit(self, channels: int) -> Self:
        return replace(self, project=projects(self.project, self.stride, channels, self.out_channels))

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.width(self.out_channels)
        squeeze = scaled_squeeze(self.squeeze, self.out_channels, out)
        return replace(self, inner=scaling.width(self.inner), out_channels=out, squeeze=squeeze)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck(Row):
    """1×1 down to `inner`, 3×3 in `groups`, 1×1 up to `out_channels`, and a shortcut (ResNet, Figure 5 right;
    ResNeXt, Figure 3c).

    `stride_in` says which convolution halves the map: the paper's first 1×1, or the 3×3 of torchvision and ResNeXt.
    `squeeze` adds squeeze-and-excitation before the addition (SENet, Figure 3). SENet-154 gives the first convolution
    a width of its own, `reduced`, and projects with a 3×3 `shortcut_kernel`. `project` as in `BasicBlock`.
    """

    inner: int
    out_channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    stride_in: Literal["reduce", "spatial"] = "reduce"
    squeeze: int = 0
    activation: ActivationKind = "relu"
    reduced: int = 0
    shortcut_kernel: int = 1
    project: bool | None = None

    def apply(self, x: Value) -> Value:
        if self.stride_in not in ("reduce", "spatial"):
            raise EdgewiseError(f"a bottleneck has its stride in 'reduce' or 'spatial', not in {self.stride_in!r}")
        first, second = (self.stride, 1) if self.stride_in == "reduce" else (1, self.stride)
        y = conv_bn_act(x, self.reduced or self.inner, stride=first, activation=self.activation, name="reduce")
        y = conv_bn_act(
            y,
            self.inner,
            kernel=self.kernel,
            stride=second,
            dilation=self.dilation,
            groups=self.groups,
            activation=self.activation,
            name="spatial",
        )
        y = conv_bn(y, self.out_channels, name="restore")
        y = squeeze_excite(y, self.squeeze) if self.squeeze else y
        return f.activate(y + _shortcut(x, y, self.stride, self.project, self.shortcut_kernel), self.activation)

    def explicit(self, channels: int) -> Self:
        project = projects(self.project, self.stride, channels, self.out_channels)
        return replace(self, reduced=self.reduced or self.inner, project=project)

    def scaled(self, scaling: Scaling) -> Self:
        inner, out = scaling.width(self.inner), scaling.width(self.out_channels)
        reduced = scaling.width(self.reduced) if self.reduced else 0
        if self.groups > 1:  # the number of groups is the paper's, so it has to divide the widths
            inner = max(1, round(inner / self.groups)) * self.groups
            reduced = max(1, round(reduced / self.groups)) * self.groups if reduced else 0
        return replace(
            self,
            inner=inner,
            out_channels=out,
            squeeze=scaled_squeeze(self.squeeze, self.out_channels, out),
            reduced=reduced,
        )
