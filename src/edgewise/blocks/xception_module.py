"""Xception's modules of separable convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_bn
from edgewise.blocks.residual import projects
from edgewise.blocks.row import Row, Scaling
from edgewise.errors import EdgewiseError
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


def separable(
    x: Value, out_channels: int, *, kernel: int = 3, dilation: int = 1, between: ActivationKind | None, name: str
) -> Value:
    """Xception's separable convolution: nothing stands between the depthwise and the pointwise one (section 3), or
    the activation `between` of its ablation (Figure 10); batch norm follows both."""
    y = f.conv(x, x.channels, kernel=kernel, dilation=dilation, groups=x.channels, name=name + ".depthwise")
    y = f.activate(y, between, name=name + ".between")
    return x.trace.call(name, f.norm(f.conv(y, out_channels, name=name + ".pointwise"), name=name + ".norm"))


@dataclass(frozen=True, slots=True, kw_only=True)
class XceptionModule(Row):
    """Separable convolutions of `widths`, each behind a ReLU, beside a linear residual (Xception, Figure 5).

    The residual is a projection where `stride` is 2, which a max-pool gives the separable path too, else the
    identity; without `residual` there is none (Figure 9's ablation, and the last module). `leading` is the
    activation before the first convolution, `trailing` the one at the end, `between` that inside a separable one.
    `project` makes the residual a projection where the widths alone would not.
    """

    widths: tuple[int, ...]
    stride: int = 1
    dilation: int = 1
    leading: ActivationKind | None = "relu"
    between: ActivationKind | None = None
    trailing: ActivationKind | None = None
    residual: bool = True
    project: bool | None = None

    def apply(self, x: Value) -> Value:
        if not self.widths:
            raise EdgewiseError("an Xception module needs at least one separable convolution")
        shortcut = x
        if self.residual and projects(self.project, self.stride, x.channels, self.widths[-1]):
            shortcut = conv_bn(x, self.widths[-1], stride=self.stride, name="shortcut")
        y = f.activate(x, self.leading, name="leading")
        for position, width in enumerate(self.widths):
            y = f.activate(y, "relu") if position else y
            y = separable(y, width, dilation=self.dilation, between=self.between, name=f"separable{position}")
        if self.stride > 1:
            y = f.pool(y, "max", kernel=3, stride=self.stride)
        return f.activate(y + shortcut if self.residual else y, self.trailing, name="trailing")

    def explicit(self, channels: int) -> Self:
        return replace(self, project=projects(self.project, self.stride, channels, self.widths[-1]))

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, widths=tuple(map(scaling.width, self.widths)))
