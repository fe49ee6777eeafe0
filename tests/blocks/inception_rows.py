"""GoogLeNet and Inception V3 as rows: one row type for every module, its branches written out as data.

Sources: Szegedy et al. 2014, Table 1; Szegedy et al. 2015 in the form that torchvision, slim and Keras release.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row
from edgewise.blocks.conv import conv_bn_act
from edgewise.graph import Value
from edgewise.graph import functional as f
from edgewise.graph.ops import BatchNorm, PoolKind
from edgewise.papers import Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a branch: a convolution, or a pooling where `pool` says so.

    `beside` is the width of a second convolution on the same input, with the kernel turned, whose result is
    concatenated (Inception V3's 1×3 beside 3×1).
    """

    out_channels: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: f.PaddingRule = "same"
    pool: PoolKind | None = None
    ceil: bool = False
    beside: int = 0

    def apply(self, x: Value, name: str) -> Value:
        if self.pool is not None:
            kernel, stride = self.kernel, self.stride
            return f.pool(
                x, self.pool, kernel=kernel, stride=stride, padding=self.padding, ceil=self.ceil, name=name + ".pool"
            )
        y = conv_bn_act(
            x,
            self.out_channels,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            activation="relu",
            name=name,
        )
        if not self.beside:
            return y
        turned = conv_bn_act(
            x,
            self.beside,
            kernel=(self.kernel[1], self.kernel[0]),
            padding=self.padding,
            activation="relu",
            name=name + "_beside",
        )
        return f.concat(y, turned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inception(Row):
    """Branches on one input, concatenated (Szegedy et al. 2014, Figure 2)."""

    branches: tuple[tuple[Step, ...], ...]

    def apply(self, x: Value) -> Value:
        ends: list[Value] = []
        for number, branch in enumerate(self.branches):
            y = x
            for position, step in enumerate(branch):
                y = step.apply(y, f"branch{number}_{position}")
            ends.append(y)
        return f.concat(*ends, name="join")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryClassifier(Row):
    """A second classifier in mid-network; the main path passes by it."""

    output: str
    classes: int = 1000
    reduced: int = 128
    hidden: int = 1024

    def apply(self, x: Value) -> Value:
        y = f.pool(x, "average", kernel=5, stride=3, padding="valid")
        y = f.flatten(conv_bn_act(y, self.reduced, activation="relu", name="reduce"))
        y = f.dropout(f.activate(f.linear(y, self.hidden, name="hidden"), "relu"), 0.7)
        f.linear(y, self.classes, name="classes").emit(self.output)
        return x


def _module(one: int, reduce3: int, three: int, reduce5: int, five: int, projected: int) -> Inception:
    """A line of GoogLeNet's Table 1; the 5×5 is a 3×3, as in the released networks."""
    square = (3, 3)
    return Inception(
        branches=(
            (Step(out_channels=one),),
            (Step(out_channels=reduce3), Step(out_channels=three, kernel=square)),
            (Step(out_channels=reduce5), Step(out_channels=five, kernel=square)),
            (Step(pool="max", kernel=square), Step(out_channels=projected)),
        )
    )


def googlenet(*, auxiliary: bool) -> Architecture:
    """torchvision's form: batch norm, 3×3 for 5×5, pools that keep partial windows."""
    down = MaxPool(padding="valid", ceil=True)
    first: tuple[Row, ...] = (AuxiliaryClassifier(output="aux1"),) if auxiliary else ()
    second: tuple[Row, ...] = (AuxiliaryClassifier(output="aux2"),) if auxiliary else ()
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=64, kernel=7, stride=2),
        down,
        ConvBNAct(out_channels=64, kernel=1),
        ConvBNAct(out_channels=192),
        down,
        _module(64, 96, 128, 16, 32, 32),
        _module(128, 128, 192, 32, 96, 64),
        down,
        _module(192, 96, 208, 16, 48, 64),
        *first,
        _module(160, 112, 224, 24, 64, 64),
        _module(128, 128, 256, 24, 64, 64),
        _module(112, 144, 288, 32, 64, 64),
        *second,
        _module(256, 160, 320, 32, 128, 128),
        MaxPool(kernel=2, padding="valid", ceil=True),
        _module(256, 160, 320, 32, 128, 128),
        _module(384, 192, 384, 48, 128, 128),
        Classifier(classes=1000, dropout=0.2),
    )
    return Architecture(name="googlenet", rows=rows, norm=BatchNorm(eps=1e-3))


def _a(projected: int) -> Inception:
    return Inception(
        branches=(
            (Step(out_channels=64),),
            (Step(out_channels=48), Step(out_channels=64, kernel=(5, 5))),
            (Step(out_channels=64), Step(out_channels=96, kernel=(3, 3)), Step(out_channels=96, kernel=(3, 3))),
            (Step(pool="average", kernel=(3, 3)), Step(out_channels=projected)),
        )
    )


_POOL_DOWN = Step(pool="max", kernel=(3, 3), stride=2, padding="valid")

_B = Inception(
    branches=(
        (Step(out_channels=384, kernel=(3, 3), stride=2, padding="valid"),),
        (
            Step(out_channels=64),
            Step(out_channels=96, kernel=(3, 3)),
            Step(out_channels=96, kernel=(3, 3), stride=2, padding="valid"),
        ),
        (_POOL_DOWN,),
    )
)


def _c(inner: int) -> Inception:
    wide, tall = (1, 7), (7, 1)
    return Inception(
        branches=(
            (Step(out_channels=192),),
            (
                Step(out_channels=inner),
                Step(out_channels=inner, kernel=wide),
                Step(out_channels=192, kernel=tall),
            ),
            (
                Step(out_channels=inner),
                Step(out_channels=inner, kernel=tall),
                Step(out_channels=inner, kernel=wide),
                Step(out_channels=inner, kernel=tall),
                Step(out_channels=192, kernel=wide),
            ),
            (Step(pool="average", kernel=(3, 3)), Step(out_channels=192)),
        )
    )


_D = Inception(
    branches=(
        (Step(out_channels=192), Step(out_channels=320, kernel=(3, 3), stride=2, padding="valid")),
        (
            Step(out_channels=192),
            Step(out_channels=192, kernel=(1, 7)),
            Step(out_channels=192, kernel=(7, 1)),
            Step(out_channels=192, kernel=(3, 3), stride=2, padding="valid"),
        ),
        (_POOL_DOWN,),
    )
)

_E = Inception(
    branches=(
        (Step(out_channels=320),),
        (Step(out_channels=384), Step(out_channels=384, kernel=(1, 3), beside=384)),
        (
            Step(out_channels=448),
            Step(out_channels=384, kernel=(3, 3)),
            Step(out_channels=384, kernel=(1, 3), beside=384),
        ),
        (Step(pool="average", kernel=(3, 3)), Step(out_channels=192)),
    )
)


def inception_v3(size: int = 299) -> Architecture:
    """The released topology (the paper's own Table 1 lists another stem and no release gives its cost)."""
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=32, stride=2, padding="valid"),
        ConvBNAct(out_channels=32, padding="valid"),
        ConvBNAct(out_channels=64),
        MaxPool(padding="valid"),
        ConvBNAct(out_channels=80, kernel=1),
        ConvBNAct(out_channels=192, padding="valid"),
        MaxPool(padding="valid"),
        _a(32),
        _a(64),
        _a(64),
        _B,
        _c(128),
        _c(160),
        _c(160),
        _c(192),
        _D,
        _E,
        _E,
        Classifier(classes=1000, dropout=0.5),
    )
    return Architecture(name="inception_v3", rows=rows, input=(3, size, size), norm=BatchNorm(eps=1e-3))


ROWS = (Inception, AuxiliaryClassifier)
