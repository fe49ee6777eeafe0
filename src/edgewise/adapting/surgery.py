"""Channels removed from an architecture and its tensors: new rows and sliced tensors, nothing else.

What is removed together is what `labels` says belongs together. The smaller network computes what the larger one
computes when the removed channels are zero wherever they appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from edgewise.adapting.labels import Labels, carries, channel_labels
from edgewise.adapting.refit import refitted
from edgewise.errors import EdgewiseError
from edgewise.graph import Node
from edgewise.graph.ops import Convolution, Linear, Op, Permute, Shuffle, Slice
from edgewise.papers import Architecture
from edgewise.weights.shapes import parameter_shapes

Tensors = Mapping[str, np.ndarray]


def remove(
    architecture: Architecture, tensors: Tensors, channels: Mapping[str, Iterable[int]], *, name: str | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """`architecture` without `channels`, and its tensors.

    `channels` are positions in values by name (`{"13.expand": [0, 5]}`); what belongs to them goes too: the same
    channel behind a depthwise convolution, on the other side of a shortcut, in the weights of every reader. `tensors`
    are arrays by parameter name, as in the network's state dict. The result is called `name`, else as before.

    Raises `EdgewiseError` for values and channels that are not there, and as `cut` does.
    """
    labels = channel_labels(architecture.graph)
    kept = np.ones(len(labels.fixed), dtype=bool)
    for value, positions in channels.items():
        axis = labels.axes[architecture.graph.index(value)]
        for position in positions:
            if not 0 <= position < len(axis):
                raise EdgewiseError(f"{value} has {len(axis)} channels, counted from 0; there is no channel {position}")
            kept[axis[position]] = False
    return cut(architecture, tensors, labels, kept, name=name)


def cut(
    architecture: Architecture, tensors: Tensors, labels: Labels, kept: np.ndarray, *, name: str | None = None
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """`architecture` with the channels whose label is `kept` (one truth value for each of `labels`), and its tensors.

    Raises `EdgewiseError` where a channel has to stay (the image's, the class scores, what a normalisation over
    neighbouring channels reads), the groups of a grouped convolution would be left unequal, a value would be left
    without channels, or a tensor is missing.
    """
    smaller = narrowed(architecture, labels, kept, name=name)
    nodes = labels.graph.nodes
    sliced = {
        f"{node.name}.{part}": _sliced(labels, kept, index, part, _tensor(tensors, f"{node.name}.{part}", shape))
        for index, node in enumerate(nodes[1:], 1)
        for part, shape in parameter_shapes(node.op, nodes[node.inputs[0]].shape).items()
    }
    return smaller, sliced


def narrowed(architecture: Architecture, labels: Labels, kept: np.ndarray, *, name: str | None = None) -> Architecture:
    """The architecture that `cut` gives, without tensors. Raises `EdgewiseError` as `cut` does."""
    check(labels, kept)
    return refitted(architecture, _ops(labels, kept), architecture.name if name is None else name)


def check(labels: Labels, kept: np.ndarray) -> None:
    """Raises `EdgewiseError` where the channels that are `kept` make no network; see `cut`."""
    graph = labels.graph
    if labels.fixed[~kept].any():
        node = _first(labels, labels.fixed & ~kept)
        raise EdgewiseError(
            f"the channels of {node.name} have to stay: they are the image's, the network's outputs, or are normalised "
            "over their neighbours"
        )
    for axis, node in zip(labels.axes, graph.nodes, strict=True):
        if not kept[axis].any():
            raise EdgewiseError(f"{node.name} would be left without channels; keep at least one")
    for parted in labels.partitions:
        left = kept[parted].sum(axis=1)
        if left.min() != left.max():
            gone = np.zeros(len(kept), dtype=bool)
            gone[parted[~kept[parted]]] = True
            raise EdgewiseError(
                f"the {len(parted)} groups of a grouped convolution have to lose the same number of channels each; "
                f"of {_first(labels, gone).name} they would be left with {', '.join(map(str, left))}"
            )


def _first(labels: Labels, concerned: np.ndarray) -> Node:
    """The first node that computes a channel of the labels concerned."""
    label = int(np.flatnonzero(concerned)[0])
    return labels.graph.nodes[labels.producers[label][0]]


def _ops(labels: Labels, kept: np.ndarray) -> list[Op]:
    """The ops of the smaller network, one for each node."""
    ops: list[Op] = []
    for index, node in enumerate(labels.graph.nodes):
        width = int(kept[labels.axes[index]].sum())
        before = kept[labels.axes[node.inputs[0]]] if node.inputs else np.ones(0, dtype=bool)
        match node.op:
            case Convolution():
                groups = int(before.sum()) if carries(labels.graph, node) else node.op.groups
                ops.append(replace(node.op, out_channels=width, groups=groups))
            case Linear():
                ops.append(replace(node.op, out_features=width))
            case Slice():
                start, stop = (int(before[:end].sum()) for end in (node.op.start, node.op.stop))
                ops.append(Slice(start, stop))
            case Shuffle() | Permute():
                ops.append(_order(node.op, before))
            case _:
                ops.append(node.op)
    return ops


def _order(op: Shuffle | Permute, kept: np.ndarray) -> Shuffle | Permute:
    """The order in which the channels that are left come out: a shuffle where it still is one."""
    places = np.arange(len(kept))
    moved = places.reshape(op.groups, -1).T.reshape(-1) if isinstance(op, Shuffle) else np.array(op.order)
    numbers = np.cumsum(kept) - 1
    order = numbers[moved[kept[moved]]]
    if isinstance(op, Shuffle) and len(order) % op.groups == 0:
        regular = np.arange(len(order)).reshape(op.groups, -1).T.reshape(-1)
        if np.array_equal(order, regular):
            return op
    return Permute(tuple(order.tolist()))


def _tensor(tensors: Tensors, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name not in tensors:
        raise EdgewiseError(f"there is no tensor {name}; give all that the architecture has")
    if tensors[name].shape != shape:
        raise EdgewiseError(f"the tensor {name} has shape {tensors[name].shape}, not {shape}, as the architecture says")
    return tensors[name]


def _sliced(labels: Labels, kept: np.ndarray, index: int, part: str, tensor: np.ndarray) -> np.ndarray:
    """What is left of one tensor of a node: rows by its own channels, columns by those of its input."""
    node = labels.graph.nodes[index]
    rows = kept[labels.axes[index]]
    if part != "weight" or not isinstance(node.op, Convolution | Linear) or carries(labels.graph, node):
        return tensor[rows]
    columns = kept[labels.axes[node.inputs[0]]]
    groups = node.op.groups if isinstance(node.op, Convolution) else 1
    parts = zip(np.split(tensor, groups), np.split(rows, groups), np.split(columns, groups), strict=True)
    return np.concatenate([weight[out][:, into] for weight, out, into in parts])
