"""Spaces: points, names, neighbours, and which points are the same network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy import TOY, problem

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.searching import Choice
from edgewise.searching.spaces import NAS_BENCH_MACRO


def test_points_names_and_networks() -> None:
    assert TOY.size == 120 == len(set(TOY.points()))
    point = TOY.sample(np.random.default_rng(0))
    assert TOY.point(TOY.named(point)) == point
    assert TOY.named((0, 1, 1, 4)) == {"stem": 8, "kernel": 5, "second": True, "width": 40}
    assert TOY.architecture((0, 1, 1, 4)).graph.nodes[1].shape == (8, 8, 8)


def test_neighbours_differ_in_one_choice() -> None:
    near = list(TOY.neighbours((0, 0, 0, 0)))
    assert len(near) == len(set(near)) == 3 + 2 + 1 + 4
    assert all(sum(one != 0 for one in point) == 1 for point in near)


def test_other_images() -> None:
    given = TOY.given(size=32, classes=7).architecture((3, 2, 0, 0))
    assert (given.input, given.classes) == ((3, 32, 32), 7)


def test_points_that_are_one_network_or_none() -> None:
    made = problem()
    assert made.key((1, 0, 0, 0)) == made.key((1, 0, 0, 4)) != made.key((1, 0, 1, 4))
    assert made.key((0, 2, 0, 0)) is None
    known: set[str] = set()
    distinct = made.distinct(list(TOY.points()), known)
    assert len(distinct) == len(known) == 66
    with pytest.raises(EdgewiseError, match="is no network"):
        made.cost((0, 2, 0, 0))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: TOY.named((0, 0, 0)), "is no point of the space toy"),
        (lambda: TOY.named((0, 0, 0, 5)), "is no point of the space toy"),
        (lambda: TOY.point({"stem": 8}), "are not the choices of the space toy"),
        (lambda: TOY.point({"stem": 9, "kernel": 3, "second": True, "width": 8}), "has options that the space toy"),
        (lambda: replace(TOY, around={"stem": 8}), "are not the choices of the space toy"),
        (lambda: Choice("empty", ()), "has no options"),
        (lambda: Choice("twice", (1, 1)), "has an option twice"),
    ],
)
def test_what_is_not_of_a_space_is_told(ask: object, message: str) -> None:
    with pytest.raises(EdgewiseError, match=message):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("code", "parameters", "multiply_adds"),
    [
        ("00000000", 387_882, 7_713_280),
        ("00000001", 791_594, 14_115_328),
        ("00000002", 1_219_370, 20_910_592),
        ("22020011", 1_496_810, 59_511_296),
    ],
)
def test_nas_bench_macros_networks_cost_what_its_table_says(code: str, parameters: int, multiply_adds: int) -> None:
    costs = count(NAS_BENCH_MACRO.architecture(tuple(map(int, code))))
    assert (costs.parameters, costs.multiply_adds) == (parameters, multiply_adds)


def test_identity_blocks_make_points_of_nas_bench_macro_the_same_network() -> None:
    assert len({NAS_BENCH_MACRO.architecture(point).digest for point in NAS_BENCH_MACRO.points()}) == 3_969
