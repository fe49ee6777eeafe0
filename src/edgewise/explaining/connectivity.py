"""Which inputs reach which outputs of a stretch of rows, and why what they cost is the number of lines in the picture.

A convolution draws a line from every input channel it reads to every output channel, for each cell of its window and
each position of the map: as many lines as it has multiply-adds. What has none (shuffles, shortcuts, pooling) only
passes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from edgewise.blocks import Row
from edgewise.explaining.wires import Wires, wires
from edgewise.graph import Graph, ops
from edgewise.graph.ops import Shape
from edgewise.papers import Architecture

__all__ = ["Connectivity", "Lines", "composed"]


@dataclass(frozen=True)
class Lines:
    """The lines of one layer: from channel to channel, so many `cells` of the window for each, at all `positions`."""

    name: str
    row: int
    channels: int
    cells: int
    positions: int

    @property
    def multiply_adds(self) -> int:
        return self.channels * self.cells * self.positions


@dataclass(frozen=True, eq=False)
class Connectivity:
    """The wires of a graph."""

    graph: Graph

    @classmethod
    def of(cls, *rows: Row, image: Shape) -> Connectivity:
        """That of some rows on a map `(C, H, W)`. Raises `EdgewiseError` where they do not fit."""
        channels, height, width = image
        return cls(Architecture("stretch", rows, input=(channels, height, width)).graph)

    @cached_property
    def lines(self) -> tuple[Lines, ...]:
        """Those of every layer that has multiply-adds."""
        found: list[Lines] = []
        for index, node in enumerate(self.graph.nodes):
            if isinstance(node.op, ops.Convolution | ops.Linear):
                cells = prod(node.op.kernel) if isinstance(node.op, ops.Convolution) else 1
                channels = int(self.wires(index)[0].channels.sum())
                found.append(Lines(node.name, node.row, channels, cells, prod(node.shape[1:])))
        return tuple(found)

    def wires(self, index: int) -> list[Wires]:
        """What the node reads of each of its inputs."""
        node = self.graph.nodes[index]
        return wires(node.op, node.shape, [self.graph.nodes[one].shape for one in node.inputs])

    def reach(self, last: int | None = None, first: int = 0) -> Wires:
        """Which channels, and which positions along the width, of the node `first` reach which of the node `last`, by
        default the image and the output; nothing where none do."""
        last = self.graph.outputs["output"] if last is None else last
        reached = self.reached(first, last)
        if last in reached:
            return reached[last]
        start, end = _same(self.graph.nodes[first].shape), _same(self.graph.nodes[last].shape)
        return Wires(
            np.zeros((len(end.channels), len(start.channels)), bool),
            np.zeros((len(end.positions), len(start.positions)), bool),
        )

    def reached(self, first: int = 0, last: int | None = None) -> dict[int, Wires]:
        """By index the nodes up to `last` that the node `first`, by default the image, reaches, itself too, and how."""
        nodes = self.graph.nodes
        end = len(nodes) if last is None else last + 1
        reached: dict[int, Wires] = {first: _same(nodes[first].shape)}
        for index in range(first + 1, end):
            parts = [
                Wires(composed(own.channels, before.channels), composed(own.positions, before.positions))
                for source, own in zip(nodes[index].inputs, self.wires(index), strict=True)
                if (before := reached.get(source)) is not None
            ]
            if parts:
                reached[index] = Wires(
                    np.logical_or.reduce([one.channels for one in parts]),
                    np.logical_or.reduce([one.positions for one in parts]),
                )
        return reached


def _same(shape: Shape) -> Wires:
    return Wires(np.eye(shape[0], dtype=bool), np.eye(shape[2] if len(shape) == 3 else 1, dtype=bool))


def composed(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Which inputs of `earlier` reach which outputs of `later`, bool `(outputs, inputs)`."""
    return (later.astype(np.float32) @ earlier.astype(np.float32)) > 0
