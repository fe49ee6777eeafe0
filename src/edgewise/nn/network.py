"""`Network`, the torch module of an architecture, and `Block`, that of a single row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edgewise.blocks import Head, Row
from edgewise.errors import EdgewiseError
from edgewise.graph import Graph, Trace, Value
from edgewise.graph.ops import BatchNorm
from edgewise.nn.initialise import initialise, initialise_last
from edgewise.nn.interpreter import Interpreter
from edgewise.papers.architecture import Architecture


class Network(Interpreter):
    """The network of `architecture`. Modules and parameters are named after rows and values: `13.expand.conv.weight`.

    Weights start as in the paper (`edgewise.nn.initialise`); `seed` makes them repeatable.
    """

    def __init__(self, architecture: Architecture, *, seed: int | None = None) -> None:
        labels = {str(index): str(row) for index, row in enumerate(architecture.rows)}
        super().__init__(architecture.graph, labels)
        self.architecture = architecture
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        initialise(self, architecture.family, generator)

    def forward_features(self, x: Tensor, names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """The values called `names` (`13.expand`, `6`), `(N, C, H, W)` each; by default the last of every stride.

        Raises `EdgewiseError` for a name the network does not have.
        """
        if names is None:
            names = stage_ends(self.graph, len(self.architecture.rows))
        wanted = {name: self.graph.index(name) for name in names}
        values = self.run(x, wanted.values())
        return {name: values[index] for name, index in wanted.items()}

    @property
    def feature_maps(self) -> tuple[FeatureMap, ...]:
        """What `forward_features` gives by default, in order, from the largest map to the smallest."""
        graph = self.graph
        names = stage_ends(graph, len(self.architecture.rows))
        nodes = [graph.index(name) for name in names]
        return tuple(
            FeatureMap(name, graph.nodes[node].shape[0], round(graph.strides[node]))
            for name, node in zip(names, nodes, strict=True)
        )

    def reset_classifier(self, classes: int) -> None:
        """Fresh last layers for `classes` classes; everything else keeps its weights. Raises `EdgewiseError` for a
        network that gives boxes or masks: make a new one of `architecture.with_classes`, and load what fits."""
        if self.architecture.task != "classify":
            raise EdgewiseError(f"{self.architecture.name} is no classifier; make a new network with other classes")
        architecture = self.architecture.with_classes(classes)
        for index, row in enumerate(architecture.rows):
            if isinstance(row, Head):
                old = self.get_submodule(f"{index}.classes")
                assert isinstance(old, nn.Linear | nn.Conv2d)
                self.get_submodule(str(index)).add_module("classes", _fresh(old, classes))
        self.architecture = architecture
        self.graph = architecture.graph


@dataclass(frozen=True)
class FeatureMap:
    """A value of a network, by name: its channels, and its stride in pixels of the image."""

    name: str
    channels: int
    stride: int


def _fresh(old: nn.Linear | nn.Conv2d, classes: int) -> nn.Module:
    """A new last layer in the place of `old`."""
    settings = {"bias": old.bias is not None, "device": old.weight.device, "dtype": old.weight.dtype}
    if isinstance(old, nn.Linear):
        new: nn.Linear | nn.Conv2d = nn.Linear(old.in_features, classes, **settings)
    else:
        new = nn.Conv2d(old.in_channels, classes, 1, **settings)
    initialise_last(new)
    return new


class Block(Interpreter):
    """A single row as a module, for images of `shape` `(C, H, W)`, or of `C` channels and any size.

    A row whose padding depends on the size of its map (TensorFlow's SAME at a stride, resizing) needs the whole shape,
    and runs on that size alone. Raises `EdgewiseError` when it is not given, or the widths do not fit.
    """

    def __init__(self, row: Row, shape: int | tuple[int, int, int], *, eps: float = 1e-5) -> None:
        whole = (shape, *_NOMINAL) if isinstance(shape, int) else shape
        if len(whole) != 3 or min(whole) < 1:
            raise EdgewiseError(f"a shape has three sides (channels, height, width) of at least 1; {shape} has not")
        graph = _row_graph(row, whole, eps)
        ops = [node.op for node in graph.nodes[1:]]
        height, width = whole[1] + 1, whole[2] + 1
        depends = ops != [node.op for node in _row_graph(row, (whole[0], height, width), eps).nodes[1:]]
        if depends and isinstance(shape, int):
            raise EdgewiseError(
                f"{row} pads or resizes by the size of its map; give the shape (channels, height, width), not {shape}"
            )
        super().__init__(graph)
        self.row = row
        self._only_size = whole[1:] if depends else None
        initialise(self, "", None)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` in, the row's result out. Raises `EdgewiseError` for a size the row was not made for."""
        if self._only_size is not None and tuple(x.shape[2:]) != self._only_size:
            raise EdgewiseError(
                f"{self.row} was made for maps of {self._only_size[0]}×{self._only_size[1]} and pads by their size, "
                f"not for {x.shape[2]}×{x.shape[3]}; make one for each size"
            )
        return super().forward(x)

    def extra_repr(self) -> str:
        return str(self.row)


_NOMINAL = (64, 64)
"""The map on which a block of any size is traced; its modules are the same on every other."""


def _row_graph(row: Row, shape: tuple[int, int, int], eps: float) -> Graph:
    trace = Trace(shape, BatchNorm(eps))
    result = row.apply(Value(trace, 0, shape))
    trace.outputs["output"] = result.index
    return trace.graph_so_far()


def stage_ends(graph: Graph, rows: int) -> list[str]:
    """For every stride the name of the last row with it, from the smallest stride to the largest."""
    ends: dict[float, str] = {}
    for row in range(rows):
        index = graph.index(str(row))
        if len(graph.nodes[index].shape) == 3:
            ends[graph.strides[index]] = str(row)
    return list(ends.values())
