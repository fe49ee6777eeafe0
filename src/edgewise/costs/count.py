"""Counting a graph: per op, per row, per kind of op, in total, and the memory its values need while it runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TypeVar

from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES, OpCost
from edgewise.graph import Graph, ops
from edgewise.papers.architecture import Architecture

K = TypeVar("K", bound=Hashable)

_VIEWS = frozenset({ops.Flatten, ops.Slice})
_IN_PLACE = frozenset({ops.BatchNorm, ops.Activation, ops.Dropout})


@dataclass(frozen=True)
class Costs:
    """What a network costs for one image.

    Multiply-adds count convolutions and linear layers only; parameters include batch norm's scale and shift. Bytes are
    those of the deployed network at `bytes_per_element` (4 for fp32), batch norm folded and activations fused.
    """

    graph: Graph
    per_op: tuple[OpCost, ...]
    bytes_per_element: int = 4

    @cached_property
    def total(self) -> OpCost:
        return _sum(self.per_op)

    @property
    def multiply_adds(self) -> int:
        return self.total.multiply_adds

    @property
    def parameters(self) -> int:
        return self.total.parameters

    @property
    def bytes_read(self) -> int:
        return self.total.read * self.bytes_per_element

    @property
    def bytes_written(self) -> int:
        return self.total.written * self.bytes_per_element

    @property
    def peak_activation_bytes(self) -> int:
        """The most memory that values need at one time, when each is freed after its last reader."""
        return _peak_elements(self.graph) * self.bytes_per_element

    def by_row(self) -> dict[int, OpCost]:
        """Costs per row of the architecture."""
        return _grouped((node.row, cost) for node, cost in zip(self.graph.nodes, self.per_op, strict=True))

    def by_kind(self) -> dict[str, OpCost]:
        """Costs per kind of op: pointwise, depthwise 3×3, linear …"""
        nodes = self.graph.nodes
        return _grouped(
            (kind(node.op, nodes[node.inputs[0]].shape if node.inputs else node.shape), cost)
            for node, cost in zip(nodes, self.per_op, strict=True)
        )


def count(network: Architecture | Graph, *, bytes_per_element: int = 4) -> Costs:
    """Counts an architecture (or the graph of one) from its shapes alone, without what only helps to train it."""
    graph = (network.graph if isinstance(network, Architecture) else network).deployed()
    nodes = graph.nodes
    rules = RULES
    per_op = tuple(
        [rules[type(node.op)](node.op, node.shape, *[nodes[i].shape for i in node.inputs]) for node in nodes]
    )
    return Costs(graph, per_op, bytes_per_element)


def _sum(costs: Iterable[OpCost]) -> OpCost:
    return OpCost(*map(sum, zip(*costs, strict=True)))


def _grouped(pairs: Iterable[tuple[K, OpCost]]) -> dict[K, OpCost]:
    groups: dict[K, list[OpCost]] = {}
    for key, cost in pairs:
        groups.setdefault(key, []).append(cost)
    return {key: _sum(costs) for key, costs in groups.items()}


def _peak_elements(graph: Graph) -> int:
    """Liveness over the execution order. Views share the buffer of their input, and so do the ops that runtimes do in
    place where nobody else reads that input, whole or through a slice, and it is no output of the network."""
    nodes = graph.nodes
    consumers = graph.consumers
    outputs = frozenset(graph.outputs.values())
    buffers: list[int] = []
    last = [0] * len(nodes)
    for index, node in enumerate(nodes):
        op = type(node.op)
        shares = op in _VIEWS
        if op in _IN_PLACE:
            source = node.inputs[0]
            shares = len(consumers[source]) == 1 and source not in outputs and type(nodes[source].op) is not ops.Slice
        buffers.append(buffers[node.inputs[0]] if shares else index)
        for source in node.inputs:
            last[buffers[source]] = index
    for output in outputs:
        last[buffers[output]] = len(nodes)
    dying: dict[int, list[int]] = {}
    live = peak = 0
    for index, node in enumerate(nodes):
        if buffers[index] == index:
            live += prod(node.shape)
            dying.setdefault(max(last[index], index), []).append(index)
        peak = max(peak, live)
        for buffer in dying.pop(index, ()):
            live -= prod(nodes[buffer].shape)
    return peak
