"""A network's layers with what they do and take, and what a device can do at most: what a page on it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES
from edgewise.costs.units import Unit
from edgewise.graph import Graph, ops
from edgewise.papers import Architecture

__all__ = ["Ceilings", "Layer", "LayerCosts", "Store", "layers_of"]


_OWN = 2
"""So many caches, the fastest, belong to one core."""


@dataclass(frozen=True)
class Store:
    """A cache of `size` bytes, or the memory behind the last (None), and how many bytes a second are moved there."""

    name: str
    size: int | None
    bytes_per_second: float


@dataclass(frozen=True)
class Ceilings:
    """What a device can do at most, as measured: multiply-adds a second, bytes a second from each of its `stores`, the
    fastest first, what a kernel takes besides its work, in µs, and in what steps of channels it computes."""

    multiply_adds_per_second: float
    stores: tuple[Store, ...]
    kernel_us: float
    quantum: int

    def store(self, moved: int) -> Store:
        """The smallest that holds so many bytes, of the first two and memory: what is behind them other cores fill
        too, and weights that were read once an inference ago are gone from it."""
        own = (one for one in self.stores[:_OWN] if one.size is not None and moved <= one.size)
        return next(own, self.stores[-1])

    def compute_us(self, multiply_adds: int) -> float:
        return 1e6 * multiply_adds / self.multiply_adds_per_second

    def memory_us(self, moved: int) -> float:
        return 1e6 * moved / self.store(moved).bytes_per_second


@dataclass(frozen=True)
class LayerCosts:
    """Some layers together."""

    layers: int
    multiply_adds: int
    moved: int
    us: float

    @classmethod
    def of(cls, layers: Iterable[Layer]) -> LayerCosts:
        every = list(layers)
        return cls(
            len(every),
            sum(one.multiply_adds for one in every),
            sum(one.moved for one in every),
            sum(one.us for one in every),
        )

    @property
    def rate(self) -> float:
        """Multiply-adds a second."""
        return 1e6 * self.multiply_adds / self.us if self.us else 0.0


@dataclass(frozen=True)
class Layer:
    """An op with what is fused into it: its kind in the papers' words, the multiply-adds it does, the bytes it moves,
    what it takes in µs in so many `kernels`, the channels it reads and gives, and whether it is part of a gate."""

    name: str
    row: int
    kind: str
    multiply_adds: int
    moved: int
    us: float
    kernels: int
    channels: tuple[int, int]
    gate: bool

    @property
    def intensity(self) -> float:
        """Multiply-adds per byte."""
        return self.multiply_adds / self.moved if self.moved else 0.0

    @property
    def rate(self) -> float:
        """Multiply-adds a second."""
        return 1e6 * self.multiply_adds / self.us if self.us else 0.0


def layers_of(
    architecture: Architecture,
    units: Sequence[Unit],
    us: Sequence[float],
    kernels: Sequence[int],
    bytes_per_element: int = 4,
) -> tuple[Layer, ...]:
    """The layers of a network, from its units (`costs.units.units`) and what each takes."""
    gates = _Gates(architecture.graph.deployed())
    found: list[Layer] = []
    for unit, spent, count in zip(units, us, kernels, strict=True):
        cost = RULES[type(unit.op)](unit.op, unit.output, *unit.inputs)
        found.append(
            Layer(
                unit.name,
                unit.row,
                kind(unit.op, unit.inputs[0]),
                cost.multiply_adds,
                (cost.read + cost.written) * bytes_per_element,
                spent,
                count,
                (unit.inputs[0][0], unit.output[0]),
                any(node in gates.nodes for node in unit.nodes),
            )
        )
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Gates:
    """The nodes of squeeze-and-excitation gates: from the mean over the map to the product with it."""

    graph: Graph

    @cached_property
    def nodes(self) -> frozenset[int]:
        found: set[int] = set()
        for index, node in enumerate(self.graph.nodes):
            if isinstance(node.op, ops.Multiply):
                for source in node.inputs:
                    if (way := self._way(source)) is not None:
                        found |= {index, *way}
        return frozenset(found)

    def _way(self, index: int) -> list[int] | None:
        """The nodes back to the mean over a map, where there is one and all between are of one position."""
        way = [index]
        nodes = self.graph.nodes
        while not isinstance(nodes[way[-1]].op, ops.GlobalPool):
            if len(nodes[way[-1]].inputs) != 1 or prod(nodes[way[-1]].shape[1:]) > 1:
                return None
            way.append(nodes[way[-1]].inputs[0])
        return way


def by_kind(layers: Sequence[Layer]) -> Mapping[str, LayerCosts]:
    """What layers of a kind do and take together, what takes most first."""
    kinds = dict.fromkeys(one.kind for one in layers)
    found = {kind: LayerCosts.of(one for one in layers if one.kind == kind) for kind in kinds}
    return dict(sorted(found.items(), key=lambda one: -one[1].us))


def by_row(layers: Sequence[Layer]) -> Mapping[int, tuple[Layer, ...]]:
    """The layers of every row that has some."""
    rows = dict.fromkeys(one.row for one in layers)
    return {row: tuple(one for one in layers if one.row == row) for row in rows}
