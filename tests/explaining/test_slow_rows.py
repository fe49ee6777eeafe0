"""What holds a layer up, and which rows are cheap but slow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgewise.costs import count
from edgewise.costs.units import units
from edgewise.explaining.layers import Ceilings, Layer, LayerCosts, Store, by_kind, by_row, layers_of
from edgewise.explaining.slow import (
    GATE,
    KERNEL,
    MEMORY,
    REASONS,
    SHUFFLE,
    SMALL,
    WIDTHS,
    held_up_by,
    slow_kinds,
    slow_rows,
)
from edgewise.papers import Architecture, find

# A million multiply-adds take 10 µs, a megabyte from memory 100.
CEILINGS = Ceilings(
    1e11, (Store("L1", 32_000, 1e11), Store("L2", 10**6, 5e10), Store("memory", None, 1e10)), kernel_us=2.0, quantum=8
)
PLAIN = Layer("1", 0, "pointwise", 10_000_000, 100_000, 120.0, 1, (64, 64), False)


def timed(architecture: Architecture) -> tuple[Layer, ...]:
    """Its layers, on a device that takes a µs for each."""
    parts = units(architecture.graph)
    return layers_of(architecture, parts, [1.0] * len(parts), [1] * len(parts))


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v1_g3", "xception", "ssdlite_mobilenet_v2"])
def test_layers_do_and_move_what_the_network_does(name: str) -> None:
    architecture = find(name)
    every, costs = LayerCosts.of(timed(architecture)), count(architecture)
    assert every.multiply_adds == costs.multiply_adds
    assert every.moved == costs.bytes_read + costs.bytes_written
    assert sum(one.layers for one in by_kind(timed(architecture)).values()) == every.layers


def test_gates_are_those_of_rows_that_squeeze() -> None:
    architecture = find("mobilenet_v3_small")
    for row, layers in by_row(timed(architecture)).items():
        squeezes = getattr(architecture.rows[row], "squeeze", 0) > 0
        assert any(one.gate for one in layers) == squeezes
        assert {one.kind for one in layers if one.gate} <= {"pool", "pointwise", "linear", "multiply", "activation"}
        # The convolutions over the map are no part of it.
        assert sum(not one.gate for one in layers if one.multiply_adds) >= 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"us": 1200.0}, KERNEL),
        ({"multiply_adds": 1000, "moved": 2_000_000, "us": 210.0}, MEMORY),
        ({"multiply_adds": 1000, "moved": 1000, "us": 2.5}, SMALL),
        ({"multiply_adds": 1000, "moved": 1000, "us": 40.0}, KERNEL),
        ({"channels": (9, 9), "us": 300.0}, WIDTHS),
        ({"kind": "shuffle", "multiply_adds": 0}, SHUFFLE),
        ({"kind": "multiply", "multiply_adds": 0, "gate": True}, GATE),
    ],
)
def test_what_holds_a_layer_up(change: dict[str, object], reason: str) -> None:
    assert held_up_by(replace(PLAIN, **change), CEILINGS) == reason
    assert reason in REASONS


def test_bytes_are_moved_by_the_smallest_memory_of_ones_own_that_holds_them() -> None:
    stores = (*CEILINGS.stores[:2], Store("L3", 10**8, 2e10), CEILINGS.stores[2])
    shared = replace(CEILINGS, stores=stores)
    assert [shared.store(moved).name for moved in (1000, 32_001, 10**7)] == ["L1", "L2", "memory"]


def test_only_rows_that_take_more_than_their_share_are_told() -> None:
    dear = replace(PLAIN, row=0, multiply_adds=10**9, us=10_000.0)
    waiting = replace(PLAIN, row=1, kind="add", multiply_adds=0, moved=4_000_000, us=420.0)
    shuffled = replace(PLAIN, row=1, kind="shuffle", multiply_adds=0, moved=4_000_000, us=380.0)
    quick = replace(PLAIN, row=2, kind="pool", multiply_adds=0, moved=1000, us=1.0)
    assert slow_rows([dear, waiting, shuffled, quick], CEILINGS) == {1: (MEMORY, SHUFFLE)}
    assert slow_rows([dear], CEILINGS) == {}


def test_a_kind_that_hides_in_a_row_is_found() -> None:
    """A row that is not slow as a whole has a depthwise convolution that is."""
    quick = replace(PLAIN, multiply_adds=90_000_000, us=800.0)
    hidden = replace(PLAIN, name="2", kind="depthwise 3×3", multiply_adds=5_000_000, us=200.0)
    assert slow_rows((quick, hidden), CEILINGS) == {}
    assert slow_kinds((quick, hidden)) == {"depthwise 3×3": LayerCosts.of([hidden])}
    assert slow_kinds((quick, replace(hidden, us=40.0))) == {}
