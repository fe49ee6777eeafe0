"""Which channels go together: a graph interpreted over channel labels.

Every channel that a convolution or a linear layer computes gets a label. Labels travel with the channels: what works
channel by channel hands them on, slices, concatenations and shuffles move them, and channels that are added or
multiplied become one label. So whoever takes a label out of the network takes it out of every axis that mentions it,
through depthwise convolutions, shortcuts, shuffles and squeeze-and-excitation alike, with no word about any family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from edgewise.graph import Graph, Node
from edgewise.graph.ops import (
    Add,
    CellList,
    Concat,
    Convolution,
    Flatten,
    Input,
    Linear,
    LocalResponseNorm,
    Multiply,
    Permute,
    Shuffle,
    Slice,
)

Axis = np.ndarray
"""The labels of a value's channels, in order; shape `(C,)`."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of every value of a graph.

    `axes` are by node, labels counted from 0. `fixed` says of each label whether it has to stay: the image's channels,
    what the network returns or lists, and what a normalisation over neighbouring channels reads. `partitions` are the
    axes that a grouped convolution reads or gives, as `(groups, channels of a group)`: their rows have to stay equally
    long.
    """

    graph: Graph
    axes: tuple[Axis, ...]
    fixed: np.ndarray
    partitions: tuple[np.ndarray, ...]

    @cached_property
    def producers(self) -> tuple[tuple[int, ...], ...]:
        """For every label the nodes that compute channels of that label, in order."""
        found: list[list[int]] = [[] for _ in self.fixed]
        for index, node in enumerate(self.graph.nodes):
            if produces(self.graph, node):
                for label in dict.fromkeys(self.axes[index].tolist()):
                    found[label].append(index)
        return tuple(map(tuple, found))


def channel_labels(graph: Graph) -> Labels:
    """The labels of `graph`, with what only helps to train it."""
    axes: list[Axis] = []
    joined: list[int] = []
    """By label one that it is the same as, itself at the end of the chain."""

    def root(label: int) -> int:
        while joined[label] != label:
            joined[label] = joined[joined[label]]
            label = joined[label]
        return label

    def join(one: Axis, other: Axis) -> None:
        for first, second in zip(one.tolist(), other.tolist(), strict=True):
            low, high = sorted((root(first), root(second)))
            joined[high] = low  # the lower stays, so that labels keep the order of the channels

    for node in graph.nodes:
        inputs = [axes[source] for source in node.inputs]
        if produces(graph, node):
            count = node.shape[0]
            axes.append(np.arange(len(joined), len(joined) + count))
            joined.extend(range(len(joined), len(joined) + count))
            continue
        if isinstance(node.op, Add | Multiply):
            for other in inputs[1:]:
                join(inputs[0], other)
        axes.append(_handed_on(graph, node, inputs))
    roots = np.array([root(label) for label in range(len(joined))])
    numbers = np.unique(roots, return_inverse=True)[1]
    settled = tuple(numbers[axis] for axis in axes)
    fixed = np.zeros(int(numbers.max()) + 1, dtype=bool)
    for index in _unchangeable(graph):
        fixed[settled[index]] = True
    return Labels(graph, settled, fixed, tuple(_partitions(graph, settled)))


def produces(graph: Graph, node: Node) -> bool:
    """Whether the node computes channels that were not there before it."""
    match node.op:
        case Convolution():
            return not carries(graph, node)
        case Input() | Linear() | CellList():  # a list has the cells where channels were
            return True
        case _:
            return False


def carries(graph: Graph, node: Node) -> bool:
    """Whether the node is a depthwise convolution: every channel of its result comes from one of its input."""
    return isinstance(node.op, Convolution) and node.op.groups == graph.nodes[node.inputs[0]].shape[0] > 1


def _handed_on(graph: Graph, node: Node, inputs: Sequence[Axis]) -> Axis:
    match node.op:
        case Concat():
            return np.concatenate(inputs)
        case Slice():
            return inputs[0][node.op.start : node.op.stop]
        case Permute():
            return inputs[0][list(node.op.order)]
        case Shuffle():
            return inputs[0].reshape(node.op.groups, -1).T.reshape(-1)
        case Flatten():
            return np.repeat(inputs[0], prod(graph.nodes[node.inputs[0]].shape[1:]))
        case Convolution():
            return np.repeat(inputs[0], node.shape[0] // len(inputs[0]))
        case _:
            return inputs[0]


def _unchangeable(graph: Graph) -> Iterable[int]:
    """The nodes whose channels have to stay."""
    yield 0
    yield from graph.outputs.values()
    for node in graph.nodes:
        if isinstance(node.op, LocalResponseNorm | CellList):
            yield from node.inputs


def _partitions(graph: Graph, axes: Sequence[Axis]) -> Iterable[np.ndarray]:
    seen: set[bytes] = set()
    for index, node in enumerate(graph.nodes):
        if isinstance(node.op, Convolution) and node.op.groups > 1 and not carries(graph, node):
            for axis in (axes[node.inputs[0]], axes[index]):
                parted = axis.reshape(node.op.groups, -1)
                if parted.tobytes() + bytes(node.op.groups) not in seen:
                    seen.add(parted.tobytes() + bytes(node.op.groups))
                    yield parted
