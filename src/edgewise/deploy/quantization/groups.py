"""The parts of a network that are quantised, or left in floating point, together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

QUANTISED = frozenset(
    ("Conv", "Gemm", "MatMul", "Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "MaxPool", "Resize")
)
"""Ops that runtimes compute in integers and whose rounding counts; activations go with what they follow."""


@dataclass(frozen=True)
class Group:
    """The nodes of one step of a row (`13.expand`: convolution and activation), or of the row itself (`13`: its sum).

    `kind` is the step's name, the same in every row that has it: `expand`, `squeeze_excite`, `add`.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]

    @property
    def row(self) -> int | None:
        """The index of the row, None for what stands outside of the rows."""
        head = self.name.partition(".")[0]
        return int(head) if head.isdecimal() else None


def groups_of(model: onnx.ModelProto) -> tuple[Group, ...]:
    """The groups of a floating-point artifact, in the order they run; those with nothing to quantise are left out."""
    members: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        members.setdefault(_step(node.name), []).append(node)
    return tuple(
        Group(name, name.rpartition(".")[2], tuple(node.name for node in nodes))
        for name, nodes in members.items()
        if any(node.op_type in QUANTISED for node in nodes)
    )


def _step(name: str) -> str:
    """`13.expand` of `13.expand.conv`; names of two parts or one are steps themselves."""
    return ".".join(name.split(".")[:2])


def nodes_in(groups: Iterable[Group]) -> list[str]:
    """The names of all nodes of the groups."""
    return [name for group in groups for name in group.nodes]
