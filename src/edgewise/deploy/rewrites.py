"""Forms of one network that give the same outputs: which there are, and the graph rewritten into one of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgewise.deploy.exit_order import exit_ordered
from edgewise.deploy.fold import Tensors
from edgewise.graph import Graph
from edgewise.graph.ops import Permute, Shuffle

PLAIN = "plain"
"""As the paper draws it."""

EXIT_ORDER = "exit order"
"""Without shuffles: channels stand in the order in which they are used (`edgewise.deploy.exit_order`)."""

GATHER = "gather"
"""Every shuffle as one gather of channels, instead of a transposition between two changes of shape."""


def forms_of(graph: Graph) -> tuple[str, ...]:
    """The forms that differ, plain first. Shuffles that can be taken out need not be gathered."""
    deployed = graph.deployed()
    if not any(isinstance(node.op, Shuffle | Permute) for node in deployed.nodes):
        return (PLAIN,)
    without, _ = exit_ordered(deployed, {})
    if without is not deployed:
        return (PLAIN, EXIT_ORDER)
    shuffled = any(isinstance(node.op, Shuffle) for node in deployed.nodes)
    return (PLAIN, GATHER) if shuffled else (PLAIN,)


def rewritten(graph: Graph, tensors: Tensors, form: str) -> tuple[Graph, Tensors]:
    """A folded graph in another form, with its tensors."""
    if form == EXIT_ORDER:
        return exit_ordered(graph, tensors)
    if form == GATHER:
        return gathered(graph), tensors
    return graph, tensors


def gathered(graph: Graph) -> Graph:
    """Shuffles as permutations by their indices, which exporters write as one gather."""
    nodes = tuple(
        replace(node, op=_permutation(node.op.groups, node.shape[0])) if isinstance(node.op, Shuffle) else node
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _permutation(groups: int, channels: int) -> Permute:
    return Permute(tuple(np.arange(channels).reshape(groups, -1).T.ravel().tolist()))
