"""Connectivity: lines are multiply-adds, and what reaches an output is what its gradient says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from edgewise.blocks import (
    ROWS,
    AuxiliaryClassifier,
    Bottleneck,
    ConvBNAct,
    DepthwiseSeparable,
    Fire,
    InvertedResidual,
    MaxPool,
    Row,
    ShuffleDownUnitV2,
    ShuffleUnitV1,
    ShuffleUnitV2,
)
from edgewise.costs import cost_table
from edgewise.explaining.connectivity import Connectivity
from edgewise.graph import ops
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.papers.zoo import families
from variants import narrowest_of_families, variant


@pytest.mark.parametrize("name", sorted(narrowest_of_families()))
def test_lines_are_multiply_adds_in_every_row(name: str) -> None:
    architecture = variant(name)
    made = Connectivity(architecture.graph)
    by_row = [0] * len(architecture.rows)
    for one in made.lines:
        by_row[one.row] += one.multiply_adds
    assert by_row == [line.multiply_adds for line in cost_table(architecture)]
    assert sum(by_row) > 0


UNIT = ShuffleUnitV1(out_channels=12, inner=6, groups=3, first_groups=3, last_groups=3)

STRETCHES: Mapping[str, Sequence[Row]] = {
    "convolution": (ConvBNAct(out_channels=4),),
    "grouped": (ConvBNAct(out_channels=12, groups=3, stride=2),),
    "dilated": (ConvBNAct(out_channels=4, dilation=2, kernel=3),),
    "separable": (DepthwiseSeparable(out_channels=6),),
    "bottleneck": (Bottleneck(out_channels=12, inner=6, groups=3),),
    "inverted residual": (InvertedResidual(out_channels=12, expanded=24),),
    "squeeze and excitation": (InvertedResidual(out_channels=8, expanded=24, squeeze=4, stride=2),),
    "pooling": (MaxPool(), ConvBNAct(out_channels=4, kernel=1)),
    "fire": (Fire(squeezed=4, pointwise=6, spatial=6),),
    "shuffle unit": (UNIT,),
    "two shuffle units": (UNIT, UNIT),
    "shuffle unit v2": (ShuffleUnitV2(out_channels=12, passed=6, inner=6),) * 2,
    "down unit v2": (ShuffleDownUnitV2(out_channels=24, projected=12, inner=6),),
}


@pytest.mark.parametrize("name", STRETCHES)
def test_gradients_say_the_same(name: str) -> None:
    architecture = Architecture(name, tuple(STRETCHES[name]), input=(12, 9, 9))
    network = Network(_smooth(architecture), seed=0).double().eval()
    expected = Connectivity(architecture.graph).reach()
    # Several: what a maximum or a ReLU lets through differs from image to image.
    images = torch.randn(16, 12, 9, 9, dtype=torch.float64, requires_grad=True)
    output = network(images)
    assert np.array_equal(_moved(output.sum((0, 2, 3)), images, (0, 2, 3)), expected.channels)
    assert np.array_equal(_moved(output.sum((0, 1, 2)), images, (0, 1, 2)), expected.positions)


def _moved(outputs: torch.Tensor, images: torch.Tensor, over: tuple[int, ...]) -> np.ndarray:
    """Which inputs, whose other axes are `over`, each of the outputs has a gradient from."""
    gradients = [torch.autograd.grad(one, images, retain_graph=True)[0] for one in outputs]
    return np.stack([one.abs().amax(over).numpy() > 0 for one in gradients])


def _smooth(architecture: Architecture) -> Architecture:
    """With an activation whose slope is never zero, where a row lets one be chosen."""
    rows = [_with_sigmoid(row) if hasattr(row, "activation") else row for row in architecture.rows]
    return replace(architecture, rows=tuple(rows))


def _with_sigmoid(row: Any) -> Row:
    return replace(row, activation="sigmoid")


def test_every_block_takes_part() -> None:
    """Each kind of row that stands in a classifier of the zoo has its lines counted above."""
    counted = {type(row) for name in narrowest_of_families() for row in variant(name).rows}
    used = {type(row) for family in families("classify") for make in family.variants.values() for row in make().rows}
    assert used - counted == {AuxiliaryClassifier}  # which is not deployed
    assert counted <= {*ROWS}


def test_the_shuffle_lets_every_channel_reach_every_other() -> None:
    """ShuffleNet, Figure 1: without it the groups stay among themselves however many units there are."""
    unit = replace(UNIT, inner=12)
    shuffled = Connectivity.of(unit, unit, image=(12, 4, 4)).reach().channels
    assert shuffled.all()
    graph = Architecture("two", (unit, unit), input=(12, 4, 4)).graph
    assert any(isinstance(node.op, ops.Shuffle) for node in graph.nodes)
    grouped = ConvBNAct(out_channels=12, kernel=1, groups=3)
    apart = Connectivity.of(*[grouped] * 6, image=(12, 4, 4)).reach().channels
    assert apart.sum() == 3 * 4 * 4


def test_nothing_reaches_what_stands_before_it() -> None:
    made = Connectivity.of(ShuffleUnitV2(out_channels=8, passed=4, inner=4), image=(8, 4, 4))
    passed = next(index for index, node in enumerate(made.graph.nodes) if isinstance(node.op, ops.Slice))
    assert made.reach(passed).channels.sum() == 4
    branch = max(index for index, node in enumerate(made.graph.nodes) if isinstance(node.op, ops.Convolution))
    found = made.reach(branch, passed)
    assert not found.channels.any() or not found.positions.any()
