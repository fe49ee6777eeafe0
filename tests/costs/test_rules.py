"""Counting rules on graphs small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgewise.blocks import AuxiliaryClassifier
from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.squeeze_excite import squeeze_excite
from edgewise.costs import RULES, Costs, OpCost, count, kind
from edgewise.graph import Trace, Value, ops
from edgewise.graph import functional as f
from edgewise.papers import find, names


def traced(apply: Callable[[Value], Value], shape: tuple[int, ...] = (4, 6, 5)) -> Costs:
    """The costs of `apply` on an image of `shape`, by default 4 channels of 6×5 cells."""
    trace = Trace(shape, ops.BatchNorm())
    trace.enter(0)
    result = apply(Value(trace, 0, shape))
    trace.leave(result)
    trace.outputs["output"] = result.index
    return count(trace.graph_so_far())


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        # 6·5 cells, 8 results of 4·3·3 products each
        (lambda x: f.conv(x, 8, kernel=3), OpCost(8640, 288, 0, 120 + 288, 240)),
        (lambda x: f.conv(x, 8, kernel=3, bias=True), OpCost(8640, 296, 0, 120 + 296, 240)),
        # stride 2 leaves 3·3 cells; two groups see two channels each
        (lambda x: f.conv(x, 8, kernel=3, stride=2, groups=2), OpCost(1296, 144, 0, 120 + 144, 72)),
        # depthwise: one channel each; (6 - 3 + 1)·(5 - 3 + 1) = 12 cells
        (lambda x: f.conv(x, 4, kernel=3, groups=4, padding="valid"), OpCost(432, 36, 0, 120 + 36, 48)),
        (lambda x: f.conv(x, 8, kernel=(1, 7)), OpCost(6720, 224, 0, 120 + 224, 240)),
        # dilation costs nothing
        (lambda x: f.conv(x, 8, kernel=3, dilation=2), OpCost(8640, 288, 0, 120 + 288, 240)),
        (lambda x: f.norm(x), OpCost(0, 8, 120, 0, 0)),
        (lambda x: f.activate(x, "hard_swish"), OpCost(0, 0, 120, 0, 0)),
        (lambda x: f.pool(x, "max", kernel=3, stride=2), OpCost(0, 0, 36 * 9, 120, 36)),
        (lambda x: f.global_pool(x), OpCost(0, 0, 120, 120, 4)),
        (lambda x: f.flatten(x), OpCost()),
        (lambda x: f.linear(f.flatten(x), 10), OpCost(1200, 1210, 0, 120 + 1210, 10)),
        (lambda x: f.linear(f.flatten(x), 10, bias=False), OpCost(1200, 1200, 0, 120 + 1200, 10)),
        (lambda x: x + x, OpCost(0, 0, 120, 240, 120)),
        (lambda x: x * f.global_pool(x), OpCost(0, 0, 120 + 120, 120 + 4 + 120, 4 + 120)),
        (lambda x: f.concat(x, x), OpCost(0, 0, 0, 240, 240)),
        (lambda x: f.split(x, 1, 3)[1], OpCost()),
        (lambda x: f.shuffle(x, 2), OpCost(0, 0, 0, 120, 120)),
        (lambda x: f.shuffle(x, 2, order=(3, 2, 1, 0)), OpCost(0, 0, 0, 120, 120)),
        (lambda x: f.resize(x, (12, 10)), OpCost(0, 0, 4 * 480, 120, 480)),
        (lambda x: f.dropout(x, 0.5), OpCost()),
        (lambda x: f.local_response_norm(x), OpCost(0, 0, 600, 120, 120)),
    ],
)
def test_one_op(apply: Callable[[Value], Value], expected: OpCost) -> None:
    assert traced(apply).total == expected


def test_every_op_has_a_rule_and_a_kind() -> None:
    import typing

    every = set(typing.get_args(ops.Op))
    assert set(RULES) == every
    for op in every - {ops.Convolution}:
        assert kind(op.__new__(op), (4, 6, 5))


def test_squeeze_and_excitation_by_hand() -> None:
    costs = traced(lambda x: squeeze_excite(x, 2))
    assert costs.multiply_adds == 4 * 2 + 2 * 4
    assert costs.parameters == 4 * 2 + 2 + 2 * 4 + 4


def test_bytes_are_of_the_element_asked_for() -> None:
    graph = find("mobilenet_v2").graph
    full, half = count(graph), count(graph, bytes_per_element=2)
    assert full.bytes_read == 4 * full.total.read == 2 * half.bytes_read
    assert full.bytes_written == 4 * full.total.written == 2 * half.bytes_written
    assert full.peak_activation_bytes == 2 * half.peak_activation_bytes
    # Every weight is read at least once, every activation that is written is read.
    assert full.total.read > full.parameters - full.by_kind()["batch norm"].parameters
    one = traced(lambda x: f.conv(x, 8, kernel=3))
    assert (one.bytes_read, one.bytes_written) == (4 * 408, 4 * 240)


@pytest.mark.parametrize("name", names())
def test_rows_and_kinds_add_up_to_the_total(name: str) -> None:
    architecture = find(name)
    costs = count(architecture)
    for parts in (costs.by_row(), costs.by_kind()):
        assert tuple(map(sum, zip(*parts.values(), strict=True))) == costs.total
    rows = costs.by_row()
    # The image is row -1 and costs nothing; what only helps to train the network is not counted.
    assert rows[-1] == OpCost()
    counted = {index for index, row in enumerate(architecture.rows) if not isinstance(row, AuxiliaryClassifier)}
    assert set(rows) == {-1, *counted}


def test_by_row_is_the_row() -> None:
    architecture = find("mobilenet_v1")
    rows = count(architecture).by_row()
    assert rows[0].multiply_adds == 112 * 112 * 32 * 27
    assert rows[1].multiply_adds == 112 * 112 * 32 * (9 + 64)
    assert rows[14] == OpCost(1024 * 1000, 1025 * 1000, 7 * 7 * 1024, 7 * 7 * 1024 + 1024 + 1025 * 1000, 1024 + 1000)


def test_kinds_are_the_papers_words() -> None:
    costs = traced(
        lambda x: f.concat(
            f.conv(x, 4, kernel=3, groups=4, name="a"),
            f.conv(x, 4, groups=2, name="b"),
            f.conv(x, 4, name="c"),
            f.conv(x, 4, kernel=(1, 7), name="d"),
        )
    )
    assert set(costs.by_kind()) == {"input", "depthwise 3×3", "grouped 1×1", "pointwise", "conv 1×7", "concat"}
    # A convolution of a single channel is not called depthwise.
    assert "conv 3×3" in traced(lambda x: f.conv(x, 1, kernel=3), (1, 6, 5)).by_kind()


def test_an_architecture_counts_as_its_graph() -> None:
    architecture = find("mobilenet_v3_small")
    assert count(architecture).total == count(architecture.graph).total


def test_multiply_adds_belong_to_convolutions_and_linear_layers_only() -> None:
    costs = count(find("mobilenet_v3_large"))
    for name, cost in costs.by_kind().items():
        assert (cost.multiply_adds > 0) == (name in {"linear", "pointwise"} or name[:4] in {"dept", "conv"})
    with_norm = traced(lambda x: conv_bn_act(x, 8, activation="relu", name="conv"))
    assert with_norm.parameters == 4 * 8 + 16
