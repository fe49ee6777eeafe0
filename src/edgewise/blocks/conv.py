"""Convolution, batch norm, activation: the step every block is made of, and the rows that are just that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


def conv_bn(
    x: Value,
    out_channels: int,
    *,
    kernel: f.Size = 1,
    stride: f.Size = 1,
    padding: f.PaddingRule = "same",
    dilation: f.Size = 1,
    groups: int = 1,
    bias: bool = False,
    eps: float | None = None,
    name: str,
) -> Value:
    """Convolution, then batch norm; the value is called `name`, its ops `name.conv` and `name.norm`.

    A `bias` between the two does nothing that the norm's shift does not; only VGG's releases have one. `eps` is the
    norm's, by default the architecture's.
    """
    y = f.conv(
        x,
        out_channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias,
        name=name + ".conv",
    )
    return x.trace.call(name, f.norm(y, eps=eps, name=name + ".norm"))


def conv_bn_act(
    x: Value,
    out_channels: int,
    *,
    kernel: f.Size = 1,
    stride: f.Size = 1,
    padding: f.PaddingRule = "same",
    dilation: f.Size = 1,
    groups: int = 1,
    bias: bool = False,
    eps: float | None = None,
    activation: ActivationKind | None,
    name: str,
) -> Value:
    """`conv_bn`, then the activation `name.activation`."""
    y = conv_bn(
        x,
        out_channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias,
        eps=eps,
        name=name,
    )
    return x.trace.call(name, f.activate(y, activation, name=name + ".activation"))


def conv_act(
    x: Value,
    out_channels: int,
    *,
    kernel: f.Size = 1,
    stride: f.Size = 1,
    padding: f.PaddingRule = "same",
    dilation: f.Size = 1,
    groups: int = 1,
    activation: ActivationKind | None,
    name: str,
) -> Value:
    """Convolution with bias, then the activation: the step of the networks before batch norm."""
    y = f.conv(
        x,
        out_channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=True,
        name=name + ".conv",
    )
    return x.trace.call(name, f.activate(y, activation, name=name + ".activation"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneConvolution(Row):
    """What rows of a single convolution have in common; the value it ends in is called `conv`."""

    out_channels: int
    kernel: int = 3
    stride: int = 1
    padding: f.PaddingRule = "same"
    dilation: int = 1
    groups: int = 1
    activation: ActivationKind | None = "relu"

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, out_channels=scaling.width(self.out_channels))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvBNAct(_OneConvolution):
    """A convolution with batch norm and activation: a stem, or the 1×1 before the pooling (`head`)."""

    bias: bool = False
    head: bool = False

    def apply(self, x: Value) -> Value:
        return conv_bn_act(
            x,
            self.out_channels,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
            activation=self.activation,
            name="conv",
        )

    def scaled(self, scaling: Scaling) -> Self:
        out = scaling.head(self.out_channels) if self.head else scaling.width(self.out_channels)
        return replace(self, out_channels=out)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvAct(_OneConvolution):
    """A convolution with bias and activation, without batch norm (AlexNet, VGG, SqueezeNet)."""

    def apply(self, x: Value) -> Value:
        return conv_act(
            x,
            self.out_channels,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            activation=self.activation,
            name="conv",
        )
