"""Xception, ShuffleNet v1, ShuffleNet v2 with its extras, SE-ResNet and AlexNet as rows.

Sources: Chollet 2016, Figure 5; Zhang et al. 2017, Table 1 and Figure 2; Ma et al. 2018, Table 6 and appendix; Hu et
al. 2017, Figure 3; Krizhevsky et al. 2012, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row, ShuffleDownUnitV2, ShuffleUnitV2
from edgewise.blocks.conv import conv_bn, conv_bn_act
from edgewise.blocks.squeeze_excite import squeeze_excite
from edgewise.graph import Value
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.papers import Architecture


def _separable(x: Value, out_channels: int, name: str) -> Value:
    """Xception's: nothing between the depthwise and the pointwise convolution."""
    y = f.conv(x, x.channels, kernel=3, groups=x.channels, name=name + ".depthwise")
    return f.norm(f.conv(y, out_channels, name=name + ".pointwise"), name=name + ".norm")


@dataclass(frozen=True, slots=True, kw_only=True)
class XceptionModule(Row):
    """Separable convolutions of `widths`, each behind a ReLU (the first: `leading`), beside a linear residual: a
    projection and a max-pool where `stride` is 2, else the identity; without `residual` none."""

    widths: tuple[int, ...]
    stride: int = 1
    leading: ActivationKind | None = "relu"
    trailing: ActivationKind | None = None
    residual: bool = True

    def apply(self, x: Value) -> Value:
        shortcut = x if self.stride == 1 else conv_bn(x, self.widths[-1], stride=self.stride, name="shortcut")
        y = f.activate(x, self.leading)
        for position, width in enumerate(self.widths):
            y = f.activate(y, "relu") if position else y
            y = _separable(y, width, f"separable{position}")
        if self.stride > 1:
            y = f.pool(y, "max", kernel=3, stride=self.stride)
        return f.activate(y + shortcut if self.residual else y, self.trailing)


def xception(size: int = 299) -> Architecture:
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=32, stride=2, padding="valid"),
        ConvBNAct(out_channels=64, padding="valid"),
        XceptionModule(widths=(128, 128), stride=2, leading=None),
        XceptionModule(widths=(256, 256), stride=2),
        XceptionModule(widths=(728, 728), stride=2),
        *(XceptionModule(widths=(728, 728, 728)),) * 8,
        XceptionModule(widths=(728, 1024), stride=2),
        XceptionModule(widths=(1536, 2048), leading=None, trailing="relu", residual=False),
        Classifier(classes=1000),
    )
    return Architecture(name="xception", rows=rows, input=(3, size, size))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleUnitV1(Row):
    """A grouped 1×1, the shuffle, a depthwise 3×3, a grouped 1×1; added to the input, or at stride 2 concatenated with
    the average-pooled input. `first_groups` is 1 in the very first unit of the network. `order` replaces the shuffle
    after surgery."""

    out_channels: int
    inner: int
    groups: int
    first_groups: int
    stride: int = 1
    squeeze: int = 0
    order: tuple[int, ...] | None = None

    def apply(self, x: Value) -> Value:
        added = self.out_channels - x.channels if self.stride == 2 else self.out_channels
        y = conv_bn_act(x, self.inner, groups=self.first_groups, activation="relu", name="compress")
        y = f.shuffle(y, self.groups, order=self.order)
        y = conv_bn(y, self.inner, kernel=3, stride=self.stride, groups=self.inner, name="depthwise")
        y = conv_bn(y, added, groups=self.groups, name="expand")
        y = squeeze_excite(y, self.squeeze) if self.squeeze else y
        if self.stride == 1:
            return f.activate(x + y, "relu")
        return f.activate(f.concat(f.pool(x, "average", kernel=3, stride=2), y), "relu")


def shufflenet_v1(
    groups: int, widths: tuple[int, int, int], *, stem: int = 24, se: int = 0, group_first: bool = False
) -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=stem, stride=2), MaxPool()]
    entering = stem
    for stage, (width, units) in enumerate(zip(widths, (4, 8, 4), strict=True)):
        for unit in range(units):
            very_first = stage == unit == 0
            added = width - entering if unit == 0 else width
            rows.append(
                ShuffleUnitV1(
                    out_channels=width,
                    inner=width // 4,
                    groups=groups,
                    first_groups=1 if very_first and not group_first else groups,
                    stride=1 if unit else 2,
                    squeeze=added // se if se else 0,
                )
            )
        entering = width
    return Architecture(name=f"shufflenet_v1_g{groups}", rows=(*rows, Classifier(classes=1000)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualShuffleUnit(Row):
    """ShuffleNet v2's stride-1 unit with a residual around its branch, and squeeze-and-excitation on the result."""

    out_channels: int
    passed: int
    inner: int
    squeeze: int

    def apply(self, x: Value) -> Value:
        passed, active = f.split(x, self.passed, x.channels - self.passed)
        y = conv_bn_act(active, self.inner, activation="relu", name="expand")
        y = conv_bn(y, self.inner, kernel=3, groups=self.inner, name="depthwise")
        y = conv_bn_act(y, self.out_channels - self.passed, activation="relu", name="project")
        return f.shuffle(squeeze_excite(f.concat(passed, y + active), self.squeeze), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelGate(Row):
    """Squeeze-and-excitation as a row of its own, behind any other."""

    squeeze: int

    def apply(self, x: Value) -> Value:
        return squeeze_excite(x, self.squeeze)


def shufflenet_v2_164(widths: tuple[int, ...] = (340, 680, 1360, 2720)) -> Architecture:
    """The 164-layer network of Table 6: a stem of three 3×3, units with residuals and squeeze-and-excitation by half.

    The text does not say where the gate stands; on the unit's whole result the printed costs come out.
    """
    rows: list[Row] = [ConvBNAct(out_channels=64, stride=2), ConvBNAct(out_channels=64), ConvBNAct(out_channels=128)]
    rows.append(MaxPool())
    entering = 128
    for stage, (width, units) in enumerate(zip(widths, (10, 10, 23, 10), strict=True)):
        half = width // 2
        rows.append(ShuffleDownUnitV2(out_channels=width, projected=entering, inner=half, stride=2 if stage else 1))
        rows.append(ChannelGate(squeeze=half))
        rows += [ResidualShuffleUnit(out_channels=width, passed=half, inner=half, squeeze=half)] * (units - 1)
        entering = width
    rows += [ConvBNAct(out_channels=2048, kernel=1), Classifier(classes=1000)]
    return Architecture(name="shufflenet_v2_164", rows=tuple(rows))


def gated(architecture: Architecture) -> Architecture:
    """A gate by half behind every unit of a ShuffleNet v2."""
    rows: list[Row] = []
    for row in architecture.rows:
        rows.append(row)
        if isinstance(row, ShuffleUnitV2 | ShuffleDownUnitV2):
            rows.append(ChannelGate(squeeze=row.out_channels // 2))
    return replace(architecture, name=f"{architecture.name}_gated", rows=tuple(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class SEBottleneck(Row):
    """ResNet's bottleneck, its branch weighed by squeeze-and-excitation before the addition."""

    inner: int
    out_channels: int
    squeeze: int
    stride: int = 1

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(x, self.inner, stride=self.stride, activation="relu", name="reduce")
        y = conv_bn_act(y, self.inner, kernel=3, activation="relu", name="spatial")
        y = squeeze_excite(conv_bn(y, self.out_channels, name="restore"), self.squeeze)
        plain = self.stride == 1 and x.channels == self.out_channels
        shortcut = x if plain else conv_bn(x, self.out_channels, stride=self.stride, name="shortcut")
        return f.activate(y + shortcut, "relu")


def se_resnet50() -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=64, kernel=7, stride=2), MaxPool()]
    for stage, (width, units) in enumerate(zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True)):
        rows += [
            SEBottleneck(inner=width, out_channels=4 * width, squeeze=width // 4, stride=2 if stage and not unit else 1)
            for unit in range(units)
        ]
    return Architecture(name="se_resnet50", rows=(*rows, Classifier(classes=1000)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainConv(Row):
    """A convolution with bias and ReLU, then optionally response normalisation and overlapping max-pooling."""

    out_channels: int
    kernel: int
    stride: int = 1
    padding: f.PaddingRule = "same"
    groups: int = 1
    normalised: bool = False
    pooled: bool = False

    def apply(self, x: Value) -> Value:
        y = f.conv(
            x,
            self.out_channels,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            groups=self.groups,
            bias=True,
        )
        y = f.activate(y, "relu")
        y = f.local_response_norm(y) if self.normalised else y
        return f.pool(y, "max", kernel=3, stride=2, padding="valid") if self.pooled else y


@dataclass(frozen=True, slots=True, kw_only=True)
class FullyConnected(Row):
    """A linear layer over the flattened map, with ReLU and dropout unless it is the last."""

    out_features: int
    last: bool = False

    def apply(self, x: Value) -> Value:
        y = f.linear(f.flatten(x) if len(x.shape) == 3 else x, self.out_features)
        return y if self.last else f.dropout(f.activate(y, "relu"), 0.5)


def alexnet(*, groups: int = 2) -> Architecture:
    rows: tuple[Row, ...] = (
        PlainConv(out_channels=96, kernel=11, stride=4, padding="valid", normalised=True, pooled=True),
        PlainConv(out_channels=256, kernel=5, groups=groups, normalised=True, pooled=True),
        PlainConv(out_channels=384, kernel=3),
        PlainConv(out_channels=384, kernel=3, groups=groups),
        PlainConv(out_channels=256, kernel=3, groups=groups, pooled=True),
        FullyConnected(out_features=4096),
        FullyConnected(out_features=4096),
        FullyConnected(out_features=1000, last=True),
    )
    return Architecture(name="alexnet", rows=rows, input=(3, 227, 227))


ROWS = (XceptionModule, ShuffleUnitV1, ResidualShuffleUnit, ChannelGate, SEBottleneck, PlainConv, FullyConnected)
