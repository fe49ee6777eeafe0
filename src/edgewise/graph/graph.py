"""The graph that a network's rows make: a list of nodes in the order they run, and the names of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from edgewise.errors import EdgewiseError
from edgewise.graph.ops import Convolution, Op, Pool, Resize, Shape


@dataclass(frozen=True, slots=True)
class Node:
    """One op applied to the values of earlier nodes (`inputs` are their indices), giving a value of `shape`.

    `row` is the index of the row that made it; the image itself has row -1.
    """

    name: str
    op: Op
    inputs: tuple[int, ...]
    shape: Shape
    row: int


@dataclass(frozen=True)
class Graph:
    """Nodes in execution order.

    `names` finds a value by name: a node's own (`13.expand.conv`), that of the step it ends (`13.expand`) or that of
    its row (`13`). `outputs` are the values the network returns; "output" is the main one. Those in `training_only`
    help to train it and are not deployed.
    """

    nodes: tuple[Node, ...]
    names: Mapping[str, int]
    outputs: Mapping[str, int]
    training_only: frozenset[str] = frozenset()

    def deployed(self) -> Graph:
        """The graph without what only outputs for training need."""
        if not self.training_only:
            return self
        outputs = {name: index for name, index in self.outputs.items() if name not in self.training_only}
        kept = sorted(self.needed(outputs.values()) | {0})
        moved = {index: place for place, index in enumerate(kept)}
        nodes = tuple(
            replace(self.nodes[index], inputs=tuple(moved[source] for source in self.nodes[index].inputs))
            for index in kept
        )
        names = {name: moved[index] for name, index in self.names.items() if index in moved}
        return Graph(nodes, names, {name: moved[index] for name, index in outputs.items()})

    def needed(self, wanted: Iterable[int]) -> set[int]:
        """The nodes that the values of the nodes `wanted` are computed from, themselves included."""
        needed = set(wanted)
        for index in range(max(needed, default=-1), -1, -1):
            if index in needed:
                needed.update(self.nodes[index].inputs)
        return needed

    @cached_property
    def strides(self) -> tuple[float, ...]:
        """For every node how many of the image's pixels one step on its map is, along the height."""
        found: list[float] = []
        for node in self.nodes:
            before = max((found[source] for source in node.inputs), default=1.0)
            match node.op:
                case Convolution() | Pool():
                    found.append(before * node.op.stride[0])
                case Resize():
                    found.append(before * self.nodes[node.inputs[0]].shape[1] / node.shape[1])
                case _:
                    found.append(before)
        return tuple(found)

    @cached_property
    def consumers(self) -> tuple[tuple[int, ...], ...]:
        """For every node the indices of the nodes that read its value, in order."""
        readers: list[list[int]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for source in node.inputs:
                readers[source].append(index)
        return tuple(map(tuple, readers))

    def index(self, name: str) -> int:
        """The node that makes the value `name`. Raises `EdgewiseError` when there is none."""
        try:
            return self.names[name]
        except KeyError:
            near = get_close_matches(name, self.names, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise EdgewiseError(f"the network has no value named {name}{hint}") from None
