"""Inception modules: branches on one input, concatenated, each branch written out as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_act, conv_bn_act
from edgewise.blocks.row import Row, Scaling
from edgewise.errors import EdgewiseError
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind, PoolKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a branch: a convolution, or a pooling where `pool` says so.

    `beside` is the width of a second convolution on the same input with the kernel turned, whose result is
    concatenated (Inception V3's 1×3 beside 3×1). A pair of steps with kernels (1, 7) and (7, 1) is a spatially
    separable convolution.
    """

    out_channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: f.PaddingRule = "same"
    pool: PoolKind | None = None
    ceil: bool = False
    beside: int = 0

    def __str__(self) -> str:
        """As the papers' figures have it: `1×1 64`, `3×3/2 96`, `max 3×3`, `1×3 384 + 3×1 384`."""
        high, wide = self.kernel
        over = f"{high}×{wide}" + (f"/{self.stride}" if self.stride > 1 else "")
        if self.pool is not None:
            return f"{self.pool} {over}"
        return f"{over} {self.out_channels}" + (f" + {wide}×{high} {self.beside}" if self.beside else "")

    def apply(self, x: Value, name: str, *, batch_norm: bool, activation: ActivationKind) -> Value:
        if self.pool is not None:
            return f.pool(
                x,
                self.pool,
                kernel=self.kernel,
                stride=self.stride,
                padding=self.padding,
                ceil=self.ceil,
                name=name + ".pool",
            )
        step = conv_bn_act if batch_norm else conv_act

        def convolution(width: int, kernel: tuple[int, int], name: str) -> Value:
            return step(
                x, width, kernel=kernel, stride=self.stride, padding=self.padding, activation=activation, name=name
            )

        y = convolution(self.out_channels, self.kernel, name)
        if not self.beside:
            return y
        return f.concat(y, convolution(self.beside, (self.kernel[1], self.kernel[0]), name + "_beside"))

    def scaled(self, scaling: Scaling) -> Step:
        if self.pool is not None:
            return self
        beside = scaling.width(self.beside) if self.beside else 0
        return replace(self, out_channels=scaling.width(self.out_channels), beside=beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inception(Row):
    """Branches on one input, concatenated (GoogLeNet, Figure 2b; Inception V3, Figures 5 to 7).

    Their convolutions are `branch<number>_<position>`. Without `batch_norm` they have a bias instead (GoogLeNet).
    """

    branches: tuple[tuple[Step, ...], ...]
    batch_norm: bool = True
    activation: ActivationKind = "relu"

    def __str__(self) -> str:
        """The branches side by side, each from its input to its end."""
        branches = " | ".join(" → ".join(map(str, branch)) for branch in self.branches)
        norm = "" if self.batch_norm else ", batch_norm=False"
        other = "" if self.activation == "relu" else f", activation={self.activation!r}"
        return f"Inception({branches}{norm}{other})"

    def apply(self, x: Value) -> Value:
        if not self.branches:
            raise EdgewiseError("an Inception module needs at least one branch")
        ends: list[Value] = []
        for number, branch in enumerate(self.branches):
            y = x
            for position, step in enumerate(branch):
                name = f"branch{number}_{position}"
                y = step.apply(y, name, batch_norm=self.batch_norm, activation=self.activation)
            ends.append(y)
        return f.concat(*ends, name="join")

    def scaled(self, scaling: Scaling) -> Self:
        branches = tuple(tuple(step.scaled(scaling) for step in branch) for branch in self.branches)
        return replace(self, branches=branches)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatiallySeparable(Row):
    """A 1×k and a k×1 convolution in place of a k×k one (Inception V3, section 3.2); `inner` is the width between."""

    out_channels: int
    inner: int
    kernel: int = 7
    stride: int = 1
    dilation: int = 1
    activation: ActivationKind = "relu"

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(
            x,
            self.inner,
            kernel=(1, self.kernel),
            stride=(1, self.stride),
            dilation=(1, self.dilation),
            activation=self.activation,
            name="wide",
        )
        return conv_bn_act(
            y,
            self.out_channels,
            kernel=(self.kernel, 1),
            stride=(self.stride, 1),
            dilation=(self.dilation, 1),
            activation=self.activation,
            name="tall",
        )

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, inner=scaling.width(self.inner), out_channels=scaling.width(self.out_channels))
