"""Every row at other widths, and what is said when channels do not fit."""

from __future__ import annotations

import pytest

from edgewise.blocks import (
    ASPP,
    RASPP,
    ROWS,
    SSD,
    Anchor,
    AnchorMap,
    AtrousStage,
    AuxiliaryClassifier,
    BasicBlock,
    Bottleneck,
    Classifier,
    ConvAct,
    ConvBNAct,
    ConvClassifier,
    DepthwiseSeparable,
    Extra,
    FeaturePyramid,
    Fire,
    FullyConnected,
    Inception,
    InvertedResidual,
    LiteRASPP,
    MaxPool,
    MnasLayer,
    ResponseNorm,
    Row,
    Scaling,
    ShuffleDownUnitV2,
    ShuffleUnitV1,
    ShuffleUnitV2,
    SpatiallySeparable,
    SqueezeExcite,
    Step,
    WidthRule,
    XceptionModule,
)
from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

CHANNELS = 96
"""What enters each of the examples."""

UNIT = ShuffleUnitV1(out_channels=96, inner=24, groups=3, first_groups=3, last_groups=3)

MAPS = (AnchorMap((Anchor(0.1), Anchor(0.2, 2.0))), AnchorMap((Anchor(0.4),)), AnchorMap((Anchor(0.8),)))

HEADS: tuple[Row, ...] = (
    ASPP(classes=10, filters=32, rates=(2, 4), refine=True),
    LiteRASPP(classes=10, low="input", filters=32),
    LiteRASPP(classes=10, low="input", filters=32, windowed=False, gate_bias=False, eps=1e-3),
    RASPP(classes=10, filters=32),
    SSD(classes=3, first="input", anchors=MAPS, extras=(Extra(reduced=16, out_channels=32),)),
    SSD(classes=3, first="input", anchors=MAPS[:2], extras=(), form="ssd", batch_norm=False, scale_first=True),
)
"""Their widths are mostly their own, whatever the body's are."""

EXAMPLES: tuple[Row, ...] = (
    *HEADS,
    AtrousStage(out_channels=64),
    AuxiliaryClassifier(output="helper", classes=10, reduced=64, hidden=128),
    BasicBlock(inner=64, out_channels=96, squeeze=16),
    BasicBlock(inner=64, out_channels=128, stride=2),
    Bottleneck(inner=32, out_channels=96),
    Bottleneck(inner=64, out_channels=128, reduced=32, groups=8, squeeze=8, stride=2, shortcut_kernel=3),
    Classifier(classes=10, hidden=64),
    ConvAct(out_channels=64),
    ConvBNAct(out_channels=64, bias=True),
    ConvClassifier(classes=10),
    DepthwiseSeparable(out_channels=96, squeeze=8),
    FeaturePyramid(maps=("input", "input"), out_channels=64),
    Fire(squeezed=16, pointwise=64, spatial=32),
    FullyConnected(out_features=64),
    Inception(
        branches=(
            (Step(out_channels=32), Step(out_channels=64, kernel=(1, 3), beside=32)),
            (Step(pool="max", kernel=(3, 3)), Step(out_channels=16)),
        )
    ),
    InvertedResidual(expanded=192, out_channels=96, squeeze=48),
    InvertedResidual(out_channels=64, stride=2),
    MaxPool(),
    MnasLayer(op="conv", out_channels=96, squeeze=24, skip="pool"),
    MnasLayer(op="separable", out_channels=64, kernel=5, squeeze=16, skip="identity"),
    MnasLayer(op="inverted", out_channels=64, expanded=192, stride=2, skip="pool"),
    ResponseNorm(),
    ShuffleDownUnitV2(out_channels=192, projected=96, inner=96),
    ShuffleDownUnitV2(out_channels=160, projected=80, inner=80, squeeze=40),
    UNIT,
    ShuffleUnitV1(
        out_channels=192, inner=48, groups=3, first_groups=1, last_groups=3, stride=2, concatenated=True, squeeze=12
    ),
    ShuffleUnitV2(out_channels=96, passed=48, inner=48, squeeze=24, residual=True),
    SpatiallySeparable(out_channels=64, inner=32),
    SqueezeExcite(squeeze=8),
    XceptionModule(widths=(64, 96)),
    XceptionModule(widths=(96, 128), stride=2),
)


def rule(row: Row) -> WidthRule:
    """ShuffleNet v1's widths are multiples of four times its groups."""
    divisor = 4 * row.groups if isinstance(row, ShuffleUnitV1) else 4
    return WidthRule(divisor=divisor, minimum=divisor)


def test_every_row_has_an_example() -> None:
    assert {type(row) for row in EXAMPLES} == set(ROWS)


def alone(row: Row, channels: int) -> Architecture:
    return Architecture(name="alone", rows=(row,), input=(channels, 15, 14))


@pytest.mark.parametrize("row", EXAMPLES, ids=str)
def test_width_one_is_the_row_itself(row: Row) -> None:
    assert row.scaled(Scaling(1.0, rule(row), CHANNELS, CHANNELS)) == row


@pytest.mark.parametrize("row", EXAMPLES, ids=str)
def test_scaled_rows_fit_on_scaled_channels(row: Row) -> None:
    """At any width the row takes what the scaled row before it gives, has the same ops, and grows with the width."""
    original = alone(row, CHANNELS).graph
    sizes: list[int] = []
    for width in (0.1, 0.25, 0.37, 0.5, 0.75, 0.9, 1.0, 1.3, 2.0, 3.17):
        channels = rule(row).round(CHANNELS * width)
        scaled = row.scaled(Scaling(width, rule(row), CHANNELS, channels))
        assert type(scaled) is type(row)
        graph = alone(scaled, channels).graph
        assert [node.name for node in graph.nodes] == [node.name for node in original.nodes]
        assert [node.shape[1:] for node in graph.nodes] == [node.shape[1:] for node in original.nodes]
        sizes.append(sum(node.shape[0] for node in graph.nodes))
    assert sizes == sorted(sizes)
    assert sizes[-1] > (1 if row in HEADS else 2) * sizes[0]


def test_scaled_widths_are_those_of_the_rule() -> None:
    half = Scaling(0.5, WidthRule(divisor=8), 96, 48)
    assert InvertedResidual(expanded=576, out_channels=160, squeeze=144).scaled(half) == InvertedResidual(
        expanded=288, out_channels=80, squeeze=72
    )
    assert Fire(squeezed=32, pointwise=128, spatial=96).scaled(half) == Fire(squeezed=16, pointwise=64, spatial=48)
    assert Bottleneck(inner=128, out_channels=256, groups=32, squeeze=16).scaled(half) == Bottleneck(
        inner=64, out_channels=128, groups=32, squeeze=8
    )
    assert XceptionModule(widths=(728, 1024)).scaled(half) == XceptionModule(widths=(368, 512))
    assert ShuffleDownUnitV2(out_channels=192, projected=96, inner=96).scaled(half) == ShuffleDownUnitV2(
        out_channels=96, projected=48, inner=48
    )
    fixed = Scaling(0.5, WidthRule(head="fixed"), 96, 48)
    assert FullyConnected(out_features=4096).scaled(fixed).out_features == 4096
    assert FullyConnected(out_features=4096).scaled(half).out_features == 2048


def test_a_squeezed_width_never_vanishes() -> None:
    tiny = Scaling(0.05, WidthRule(divisor=1, minimum=1), 96, 5)
    assert SqueezeExcite(squeeze=2).scaled(tiny).squeeze == 1
    assert DepthwiseSeparable(out_channels=96, squeeze=2).scaled(tiny).squeeze == 1
    assert DepthwiseSeparable(out_channels=96).scaled(tiny).squeeze == 0


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (ConvAct(out_channels=96, groups=5), "5 groups do not divide 96 input and 96 output channels; choose"),
        (DepthwiseSeparable(out_channels=100, groups=3), "3 groups do not divide 96 input and 100 output"),
        (InvertedResidual(expanded=100, out_channels=96, groups=3), "3 groups do not divide 96 input and 100 output"),
        (BasicBlock(inner=64, out_channels=96, groups=3), "3 groups do not divide 96 input and 64 output"),
        (Bottleneck(inner=40, out_channels=96, groups=32), "32 groups do not divide 40 input and 40 output"),
        (
            ShuffleUnitV1(out_channels=96, inner=24, groups=5, first_groups=1, last_groups=1),
            "24 channels cannot be shuffled in 5 groups; choose a multiple",
        ),
        (
            ShuffleUnitV1(out_channels=96, inner=24, groups=5, first_groups=5, last_groups=1),
            "5 groups do not divide 96 input and 24 output",
        ),
        (
            ShuffleUnitV1(out_channels=97, inner=24, groups=3, first_groups=3, last_groups=3),
            "3 groups do not divide 24 input and 97 output",
        ),
        (
            ShuffleUnitV1(out_channels=90, inner=24, groups=3, first_groups=1, last_groups=3, concatenated=True),
            "at least 1; they are -6 and 3",
        ),
        (
            ShuffleUnitV1(out_channels=48, inner=24, groups=3, first_groups=3, last_groups=3),
            r"shapes \(96, 15, 14\), \(48, 15, 14\) cannot be added",
        ),
        (ShuffleUnitV2(out_channels=96, passed=96, inner=48), "channels 96 to 96 do not exist in a value of 96"),
        (ShuffleUnitV2(out_channels=95, passed=47, inner=48), "95 channels cannot be shuffled in 2 groups"),
        (ShuffleUnitV2(out_channels=96, passed=48, inner=48, order=(0, 1)), "order of 2 channels is no permutation"),
        (
            ShuffleUnitV2(out_channels=98, passed=48, inner=48, residual=True),
            r"shapes \(50, 15, 14\), \(48, 15, 14\) cannot be added",
        ),
        (ShuffleDownUnitV2(out_channels=96, projected=96, inner=48), "at least 1; they are 0 and 1"),
        (Inception(branches=((Step(out_channels=8),), (Step(out_channels=8, stride=2),))), "cannot be concatenated"),
        (FullyConnected(out_features=0), "at least one output, not 0"),
        (SqueezeExcite(squeeze=0), "at least 1; they are 0 and 1"),
        (XceptionModule(widths=(64, 0)), "at least 1; they are 0 and 1"),
    ],
    ids=str,
)
def test_channels_that_do_not_fit_are_one_sentence_that_names_the_row(row: Row, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=f"^row 0 of alone, {type(row).__name__}: .*{sentence}") as raised:
        count(alone(row, CHANNELS))
    assert "\n" not in str(raised.value)
