"""Pairing another program's names for tensors with ours.

A converter is a list of names: for every row of the architecture what the other program calls that row's
convolutions, batch norms and linear layers, in the order in which the row applies them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgewise.graph.ops import Op, Shape
from edgewise.papers.architecture import Architecture
from edgewise.weights.shapes import COUNTER, parameter_shapes

Tensors = Mapping[str, np.ndarray]
"""Arrays by the name they have in the file."""

RowNames = Sequence[Sequence[str]]
"""For every row of an architecture another program's names of its modules."""


class NotTheirsError(Exception):
    """The file does not hold what a converter looks for: says what was missing or wrong."""


@dataclass(frozen=True)
class Module:
    """A node with parameters: our name, its op, the shape of its input."""

    name: str
    op: Op
    shape: Shape

    @property
    def parameters(self) -> dict[str, Shape]:
        return parameter_shapes(self.op, self.shape)


def modules(architecture: Architecture) -> list[list[Module]]:
    """For every row its modules with parameters, in the order they run."""
    nodes = architecture.graph.nodes
    found: list[list[Module]] = [[] for _ in architecture.rows]
    for node in nodes[1:]:
        module = Module(node.name, node.op, nodes[node.inputs[0]].shape)
        if module.parameters:
            found[node.row].append(module)
    return found


def paired(architecture: Architecture, theirs: RowNames) -> list[tuple[Module, str]]:
    """Our modules with their names. Raises `NotTheirsError` when the rows have more or fewer modules than names."""
    if len(theirs) != len(architecture.rows):
        raise NotTheirsError(f"it has {len(theirs)} rows, not {len(architecture.rows)}")
    pairs: list[tuple[Module, str]] = []
    for index, (ours, names) in enumerate(zip(modules(architecture), theirs, strict=True)):
        if len(ours) != len(names):
            raise NotTheirsError(f"row {index} is made of {len(names)} layers with weights, not of {len(ours)}")
        pairs += zip(ours, names, strict=True)
    return pairs


def renamed(architecture: Architecture, theirs: RowNames, tensors: Tensors, *, ignored: Iterable[str] = ()) -> Tensors:
    """The tensors of a PyTorch state dict under our names.

    A 1×1 convolution on a vector is a linear layer here, whichever it is there. Raises `NotTheirsError` when a tensor
    is missing or has another shape, or tensors are left over whose names do not begin with one of `ignored`.
    """
    made: dict[str, np.ndarray] = {}
    read: set[str] = set()
    for module, name in paired(architecture, theirs):
        for part, shape in module.parameters.items():
            key = f"{name}.{part}"
            made[f"{module.name}.{part}"] = shaped(looked_up(tensors, key), shape, key)
            read.add(key)
    no_surprise(tensors, read, tuple(ignored))
    return made


def looked_up(tensors: Tensors, name: str) -> np.ndarray:
    """The tensor `name`. Raises `NotTheirsError` when it is missing."""
    if name not in tensors:
        raise NotTheirsError(f"it holds no {name}")
    return tensors[name]


def shaped(tensor: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    """`tensor` in `shape`, where they differ at most by sides of one. Raises `NotTheirsError` otherwise."""
    if [side for side in tensor.shape if side != 1] != [side for side in shape if side != 1]:
        raise NotTheirsError(f"{name} is {list(tensor.shape)} and should be {list(shape)}")
    return np.ascontiguousarray(tensor.reshape(shape), dtype=np.float32)


def no_surprise(tensors: Tensors, read: set[str], ignored: tuple[str, ...]) -> None:
    """Raises `NotTheirsError` when the file holds tensors that nobody read: it is of another network then."""
    surplus = [name for name in tensors if name not in read and not name.endswith(COUNTER)]
    surplus = [name for name in surplus if not name.startswith(ignored)] if ignored else surplus
    if surplus:
        raise NotTheirsError(f"it also holds {surplus[0]}, which the network does not have")
