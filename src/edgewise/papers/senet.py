"""Squeeze-and-Excitation Networks (Hu et al., 2017): the gate in ResNet, ResNeXt, MobileNet and ShuffleNet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from edgewise.blocks import (
    Bottleneck,
    Classifier,
    ConvBNAct,
    DepthwiseSeparable,
    MaxPool,
    Row,
    ShuffleUnitV1,
    WidthRule,
)
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family
from edgewise.papers.mobilenet_v1 import mobilenet_v1
from edgewise.papers.resnet import WIDTHS, stages
from edgewise.papers.shufflenet_v1 import shufflenet_v1

REDUCTION = 16
"""The paper's r (section 3.2): the squeezed width is a sixteenth."""

POOL = MaxPool(padding="valid", ceil=True)  # Caffe's, in which the authors released their networks


def _network(name: str, stem: tuple[Row, ...], blocks: list[Row], dropout: float = 0.0) -> Architecture:
    rows = (*stem, POOL, *blocks, Classifier(classes=1000, dropout=dropout))
    return Architecture(name=name, family="senet", rows=rows, widths=WidthRule(divisor=8))


SEVEN: tuple[Row, ...] = (ConvBNAct(out_channels=64, kernel=7, stride=2),)


def se_resnet(depth: int, *, reduction: int = REDUCTION) -> Architecture:
    """Table 1, middle: ResNet with the stride in the first 1×1 and the gate before the addition (Figure 3)."""

    def block(stage: int, stride: int) -> Row:
        inner = WIDTHS[stage]
        return Bottleneck(inner=inner, out_channels=4 * inner, stride=stride, squeeze=4 * inner // reduction)

    return _network(f"se_resnet{depth}", SEVEN, stages(depth, block))


def se_resnext(depth: int) -> Architecture:
    """Table 1, right: ResNeXt 32×4d, the stride in the 3×3."""

    def block(stage: int, stride: int) -> Row:
        inner = WIDTHS[stage]
        return Bottleneck(
            inner=2 * inner,
            out_channels=4 * inner,
            groups=32,
            stride=stride,
            stride_in="spatial",
            squeeze=4 * inner // REDUCTION,
        )

    return _network(f"se_resnext{depth}_32x4d", SEVEN, stages(depth, block))


def senet154() -> Architecture:
    """The network of the ILSVRC 2017 entry (section 6.4): 64 groups, half the channels in the first 1×1, 3×3
    projections, a stem of three 3×3."""

    def block(stage: int, stride: int) -> Row:
        out = 4 * WIDTHS[stage]
        return Bottleneck(
            reduced=out // 2,
            inner=out,
            out_channels=out,
            groups=64,
            stride=stride,
            stride_in="spatial",
            squeeze=out // REDUCTION,
            shortcut_kernel=3 if stride == 2 else 1,
        )

    stem = (ConvBNAct(out_channels=64, stride=2), ConvBNAct(out_channels=64), ConvBNAct(out_channels=128))
    return _network("senet154", stem, stages(152, block), dropout=0.2)


def se_mobilenet_v1() -> Architecture:
    """Table 3: MobileNet v1 with the gate behind every pointwise convolution."""
    base = mobilenet_v1()
    rows = tuple(
        replace(row, squeeze=row.out_channels // REDUCTION) if isinstance(row, DepthwiseSeparable) else row
        for row in base.rows
    )
    return replace(base, name="se_mobilenet_v1", family="senet", rows=rows)


def se_shufflenet_v1(groups: int = 3, width: float = 1.0) -> Architecture:
    """Table 3 (and ShuffleNet's Table 5 at twice the width): ShuffleNet v1 with the gate behind the last 1×1 of every
    unit, on what it alone makes: not on the shortcut."""
    base = shufflenet_v1(groups, width)
    rows: list[Row] = []
    entering = 0
    for row in base.rows:
        if isinstance(row, ShuffleUnitV1):
            made = row.out_channels - entering if row.concatenated else row.out_channels
            row = replace(row, squeeze=made // REDUCTION)
        entering = getattr(row, "out_channels", entering)
        rows.append(row)
    return replace(base, name=f"se_{base.name}", family="senet", rows=tuple(rows))


FAMILY = Family(
    "senet",
    "Hu et al., Squeeze-and-Excitation Networks, 2017",
    {f"se_resnet{depth}": partial(se_resnet, depth) for depth in (50, 101, 152)}
    | {f"se_resnext{depth}_32x4d": partial(se_resnext, depth) for depth in (50, 101)}
    | {
        "senet154": senet154,
        "se_mobilenet_v1": se_mobilenet_v1,
        "se_shufflenet_v1_g3": se_shufflenet_v1,
        "se_shufflenet_v1_g3_2": partial(se_shufflenet_v1, 3, 2.0),
    },
)
