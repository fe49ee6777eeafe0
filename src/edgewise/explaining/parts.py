"""Which pictures of wiring show what a network is made of."""

from __future__ import annotations

from edgewise.blocks import Bottleneck, ConvBNAct, InvertedResidual, Row
from edgewise.explaining.stretches import STRETCHES, Shuffled
from edgewise.graph import ops
from edgewise.papers import Architecture

__all__ = ["stretches_of"]

_PLAIN = (ConvBNAct, Shuffled)


def stretches_of(architecture: Architecture) -> list[str]:
    """The names of stretches: the ops of the network, then its blocks."""
    own = {_mark(row) for row in architecture.rows}
    blocks = [
        name
        for name, stretch in STRETCHES.items()
        if (marks := {_mark(row) for row in stretch.rows if not isinstance(row, _PLAIN)}) and marks <= own
    ]
    return [*_ops(architecture), *blocks]


def _mark(row: Row) -> tuple[object, ...]:
    """What rows have in common that one picture is of: their kind, and whether they have a gate or groups."""
    match row:
        case InvertedResidual(squeeze=squeeze):
            return InvertedResidual, squeeze > 0
        case Bottleneck(groups=groups):
            return Bottleneck, groups > 1
        case _:
            return (type(row),)


def _ops(architecture: Architecture) -> list[str]:
    graph = architecture.graph
    found: dict[str, None] = {}
    for node in graph.nodes:
        if isinstance(node.op, ops.Convolution):
            channels = graph.nodes[node.inputs[0]].shape[0]
            pointwise = set(node.op.kernel) == {1}
            if node.op.groups == channels > 1:
                found["depthwise"] = None
            elif node.op.groups > 1:
                found["pointwise_grouped3" if pointwise else "grouped3"] = None
            elif node.shape[1:] != (1, 1):
                found["pointwise" if pointwise else "convolution"] = None
        elif isinstance(node.op, ops.Shuffle):
            found["shuffle3"] = None
    return [name for name in STRETCHES if name in found]
