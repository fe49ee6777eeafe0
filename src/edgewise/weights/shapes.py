"""The tensors a graph's network has, by name and shape, without torch: what a file is checked against."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.graph import Graph
from edgewise.graph.ops import BatchNorm, Convolution, L2Norm, Linear, Op, Shape

COUNTER = "num_batches_tracked"
"""Batch norm's step counter in torch's state dicts; it says nothing about the network."""

_NORM = ("weight", "bias", "running_mean", "running_var")


def parameter_shapes(op: Op, x: Shape) -> dict[str, Shape]:
    """The tensors of one op on an input of shape `x`: none for most."""
    match op:
        case Convolution():
            weight = (op.out_channels, x[0] // op.groups, *op.kernel)
            return {"weight": weight, "bias": (op.out_channels,)} if op.bias else {"weight": weight}
        case Linear():
            weight = (op.out_features, x[0])
            return {"weight": weight, "bias": (op.out_features,)} if op.bias else {"weight": weight}
        case BatchNorm():
            return dict.fromkeys(_NORM, (x[0],))
        case L2Norm():
            return {"weight": (x[0],)}
        case _:
            return {}


def tensor_shapes(graph: Graph) -> dict[str, Shape]:
    """Shapes by name (`13.expand.conv.weight`): those of the network's state dict, without batch norm's counters."""
    return {
        f"{node.name}.{part}": shape
        for node in graph.nodes[1:]
        for part, shape in parameter_shapes(node.op, graph.nodes[node.inputs[0]].shape).items()
    }


def mismatch(graph: Graph, found: Mapping[str, Shape]) -> str | None:
    """Where tensors of the shapes `found` first differ from the graph's, as a clause; None when they are the same."""
    expected = tensor_shapes(graph)
    for name in (*expected, *found):
        should, is_now = expected.get(name), found.get(name)
        if should != is_now:
            return f"{name} should be {_said(should)} and is {_said(is_now)}"
    return None


def _said(shape: Shape | None) -> str:
    return "absent" if shape is None else str(list(shape))
