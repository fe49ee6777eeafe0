"""The graph that a network's rows make: a list of nodes in the order they run, and the names of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from edgewise.errors import EdgewiseError
from edgewise.graph.ops import Op, Shape


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
    its row (`13`). `outputs` are the values the network returns; "output" is the main one.
    """

    nodes: tuple[Node, ...]
    names: Mapping[str, int]
    outputs: Mapping[str, int]

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
