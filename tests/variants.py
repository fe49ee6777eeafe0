"""The zoo's variants as parameters of tests: quick ones beside those that only the slow tests take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from edgewise.costs import count
from edgewise.graph.ops import Convolution, Linear, Op, Slice
from edgewise.papers import Architecture, find, names

HEAVY = ("shufflenet_v2_164", "senet154", "resnext101_32x8d", "resnext101_64x4d")
"""Of more than 80 million parameters without fully connected layers."""

QUARTER = "/4"

DEEP = 330
"""Values in a graph, from which on a network repeats what a shallower one of its family has."""


def variant(name: str) -> Architecture:
    """The variant, or one of the heavy ones at a quarter of its widths where the name ends in `/4`."""
    return find(name.removesuffix(QUARTER)).scaled(0.25) if name.endswith(QUARTER) else find(name)


def structures(among: Iterable[str] | None = None) -> list[object]:
    """The narrowest variant of every structure; those that differ from it in widths alone, and those that only repeat
    its blocks more often, are with the slow tests. By default of all, the heavy ones also at a quarter."""
    every = [*names(), *(name + QUARTER for name in HEAVY)]
    wanted = every if among is None else list(among)
    return [name if name in narrowest() else pytest.param(name, marks=pytest.mark.slow) for name in wanted]


@cache
def narrowest() -> frozenset[str]:
    """Of every structure the variant with the fewest parameters; not those that only repeat a family's blocks."""
    every = [*names(), *(name + QUARTER for name in HEAVY)]
    found: dict[object, str] = {}
    for name in sorted(every, key=lambda name: count(variant(name)).parameters):
        nodes = variant(name).graph.nodes[1:]
        if len(nodes) < DEEP or name == HEAVY[0] + QUARTER:
            found.setdefault(tuple((_shape_of(node.op), node.inputs) for node in nodes), name)
    return frozenset(found.values())


def _shape_of(op: Op) -> Op:
    """The op without its widths."""
    if isinstance(op, Convolution):
        return replace(op, out_channels=1, groups=min(op.groups, 2))
    if isinstance(op, Linear):
        return replace(op, out_features=1)
    return Slice(0, 1) if isinstance(op, Slice) else op


@cache
def narrowest_of_families() -> frozenset[str]:
    """Of every family the variant with the fewest parameters."""
    found: dict[str, str] = {}
    for name in sorted(names(), key=lambda name: count(find(name)).parameters):
        found.setdefault(find(name).family, name)
    return frozenset(found.values())


def one_of_each_family() -> list[object]:
    """The narrowest variant of every family; the other structures are with the slow tests."""
    return [
        name if name in narrowest_of_families() else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(narrowest() | narrowest_of_families())
    ]
