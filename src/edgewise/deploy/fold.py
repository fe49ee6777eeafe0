"""Passes over a graph with its tensors: what only helps to train it and dropout removed, batch norm folded into the
convolution before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgewise.graph import Graph, Node
from edgewise.graph.ops import BatchNorm, Convolution, Dropout

Tensors = Mapping[str, np.ndarray]
"""Arrays by parameter name (`13.expand.conv.weight`), as in the torch network's state dict."""


def folded(graph: Graph, tensors: Tensors) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph as it is deployed, with its tensors.

    Outputs for training alone (auxiliary classifiers) go, with the nodes and tensors that only they need; so does
    dropout, the identity in a deployed network. A batch norm that alone reads a convolution becomes that convolution's
    scale and bias: `w' = w·γ/√(σ² + ε)`, `b' = β + (b − μ)·γ/√(σ² + ε)`.
    Names keep their values, except that of a folded convolution, which now stands for what its batch norm gave.
    """
    graph = graph.deployed()
    made = {node.name for node in graph.nodes}
    kept = {name: array for name, array in tensors.items() if name.rpartition(".")[0] in made}
    outputs = frozenset(graph.outputs.values())
    moved: dict[int, int] = {}
    nodes: list[Node] = []
    for index, node in enumerate(graph.nodes):
        if isinstance(node.op, Dropout):
            moved[index] = moved[node.inputs[0]]
            continue
        source = graph.nodes[node.inputs[0]] if node.inputs else node
        if (
            isinstance(node.op, BatchNorm)
            and isinstance(source.op, Convolution)
            and graph.consumers[node.inputs[0]] == (index,)
            and node.inputs[0] not in outputs
        ):
            _fold(source.name, node.name, node.op.eps, kept)
            target = moved[node.inputs[0]]
            nodes[target] = replace(nodes[target], op=replace(source.op, bias=True))
            moved[index] = target
            continue
        moved[index] = len(nodes)
        nodes.append(replace(node, inputs=tuple(moved[i] for i in node.inputs)))
    names = {name: moved[index] for name, index in graph.names.items()}
    return Graph(tuple(nodes), names, {name: moved[index] for name, index in graph.outputs.items()}), kept


def _fold(conv: str, norm: str, eps: float, tensors: dict[str, np.ndarray]) -> None:
    # The factors in double precision, so that only the one multiplication per weight rounds.
    gamma, beta, mean, variance = (
        tensors.pop(f"{norm}.{part}").astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    weight = tensors[f"{conv}.weight"]
    bias = tensors.get(f"{conv}.bias", np.zeros(1))
    scale = gamma / np.sqrt(variance + eps)
    tensors[f"{conv}.weight"] = weight * scale.astype(weight.dtype)[:, None, None, None]
    tensors[f"{conv}.bias"] = (beta + (bias - mean) * scale).astype(weight.dtype)
