"""ShuffleNet v2 without shuffles: channels stand in the order in which they are used, and nothing has to be moved.

Between two convolutions a shuffle network only moves channels: it splits, concatenates and shuffles them until each
enters some later convolution. A convolution's results can be computed in any order, at no cost, by permuting the rows
of its weights, and read in any order by permuting the columns of the next one's. So every convolution is made to give
first the channels that are used first: those that one reader wants then stand beside each other, and its input is a
concatenation of whole slices. The shuffles and the copies of what passes by are gone; the multiply-adds stay.

The pass knows nothing of ShuffleNet: it follows channels through slices, concatenations and permutations of any graph,
and leaves the graph as it is where somebody reads channels whose order matters (an addition, an output).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgewise.deploy.fold import Tensors
from edgewise.graph import Graph, Node
from edgewise.graph.ops import (
    Activation,
    BatchNorm,
    Concat,
    Convolution,
    Flatten,
    GlobalPool,
    Linear,
    Permute,
    Pool,
    Shuffle,
    Slice,
)

_MOVERS = (Slice, Concat, Shuffle, Permute)
Order = tuple[int, ...]
"""For every channel of a rewritten value the channel of the original value that stands there."""


class _OrderMattersError(Exception):
    """Somebody reads a value's channels by their place."""


@dataclass(frozen=True)
class _Atom:
    """A channel of a value that a node computed, wherever it has been moved since."""

    node: int
    channel: int


def exit_ordered(graph: Graph, tensors: Tensors) -> tuple[Graph, dict[str, np.ndarray]]:
    """`graph` without shuffles and permutations, and its tensors with rows and columns permuted; both as they are when
    it has none or some reader depends on the order.

    Outputs are the same to rounding. To be applied after `folded`: values keep their names, but the channels of those
    inside stand in another order.
    """
    if not any(isinstance(node.op, Shuffle | Permute) for node in graph.nodes):
        return graph, dict(tensors)
    try:
        return _Rewrite(graph, tensors).done()
    except _OrderMattersError:
        return graph, dict(tensors)


class _Rewrite:
    def __init__(self, graph: Graph, tensors: Tensors) -> None:
        self.graph = graph
        self.tensors = dict(tensors)
        self.nodes: list[Node] = []
        self.moved: dict[int, int] = {}
        """Where a node of the old graph stands in the new one."""
        self.orders: dict[int, Order] = {}
        """Of nodes of the old graph, where it is another than it was."""
        self.gathered: dict[tuple[tuple[int, int, int], ...], int] = {}
        self.atoms = _atoms(graph)
        self.wanted = self._wanted()

    def done(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Raises `_OrderMattersError` where the order of a value's channels matters."""
        for index, node in enumerate(self.graph.nodes):
            if not isinstance(node.op, _MOVERS):
                self._place(index, node)
        outputs = self.graph.outputs
        if any(index not in self.moved or index in self.orders for index in outputs.values()):
            raise _OrderMattersError
        names = {name: self.moved[index] for name, index in self.graph.names.items() if index in self.moved}
        return Graph(tuple(self.nodes), names, {name: self.moved[i] for name, i in outputs.items()}), self.tensors

    def _wanted(self) -> dict[int, Order]:
        """The order for every node whose channels are moved about: those that are used together together, those that
        are used first first."""
        readers: dict[_Atom, list[int]] = {}
        for index, node in enumerate(self.graph.nodes):
            if not isinstance(node.op, _MOVERS):
                for source in node.inputs:
                    if isinstance(self.graph.nodes[source].op, _MOVERS):
                        for atom in self.atoms[source]:
                            readers.setdefault(atom, []).append(index)
        sources = {atom.node for atom in readers}
        wanted: dict[int, Order] = {}
        for source in sources:
            channels = range(self.graph.nodes[source].shape[0])
            # What nobody reads any more goes to the end.
            by_use = sorted(channels, key=lambda channel: readers.get(_Atom(source, channel), [len(self.graph.nodes)]))
            for index in self._carried(source):
                wanted[index] = tuple(by_use)
        return wanted

    def _carried(self, index: int) -> list[int]:
        """The node and those before it that hand their channels on one by one, up to the convolution that makes them.

        Raises `_OrderMattersError` where there is none whose rows can be permuted.
        """
        chain = [index]
        while not _mixes(self.graph.nodes[chain[-1]]):
            node = self.graph.nodes[chain[-1]]
            if not self._carries(node) or self.graph.consumers[node.inputs[0]] != (chain[-1],):
                raise _OrderMattersError
            chain.append(node.inputs[0])
        if not isinstance(self.graph.nodes[chain[-1]].op, Convolution):
            raise _OrderMattersError
        return chain

    def _carries(self, node: Node) -> bool:
        """Whether channel i of the node's result depends on channel i of its input alone."""
        if isinstance(node.op, Convolution):
            return node.op.groups == node.shape[0] == self.graph.nodes[node.inputs[0]].shape[0] > 1
        if isinstance(node.op, Flatten):
            return self.graph.nodes[node.inputs[0]].shape[1:] == (1, 1)
        return isinstance(node.op, Activation | BatchNorm | Pool | GlobalPool)

    def _place(self, index: int, node: Node) -> None:
        """The node in the new graph, its inputs gathered and its tensors permuted to fit."""
        given = [self._input(source) for source in node.inputs]
        orders = [order for _, order in given if order is not None]
        if orders and len(given) > 1:  # an addition meets channels by their place
            raise _OrderMattersError
        for order in orders:
            if self._carries(node):
                self._permute(node, rows=order)
                self.orders[index] = order
            elif _mixes(node):
                self._permute(node, columns=order)
            else:
                raise _OrderMattersError
        wanted = self.wanted.get(index)
        if wanted is not None and _mixes(node):
            self._permute(node, rows=wanted)
            self.orders[index] = wanted
        self.moved[index] = len(self.nodes)
        self.nodes.append(replace(node, inputs=tuple(place for place, _ in given)))

    def _input(self, source: int) -> tuple[int, Order | None]:
        """The new node that holds what `source` held, and its order where it is another."""
        if not isinstance(self.graph.nodes[source].op, _MOVERS):
            return self.moved[source], self.orders.get(source)
        atoms = self.atoms[source]
        where = {atom: place for place, atom in enumerate(atoms)}
        if len(where) < len(atoms):
            raise _OrderMattersError
        runs: list[tuple[int, int, int]] = []
        order: list[int] = []
        for node in dict.fromkeys(atom.node for atom in atoms):
            stands = self.orders.get(node) or tuple(range(self.graph.nodes[node].shape[0]))
            used = [place for place, channel in enumerate(stands) if _Atom(node, channel) in where]
            order += [where[_Atom(node, stands[place])] for place in used]
            runs += [(node, start, stop) for start, stop in _runs(used)]
        identity = order == list(range(len(order)))
        return self._gather(tuple(runs), self.graph.nodes[source]), None if identity else tuple(order)

    def _gather(self, runs: tuple[tuple[int, int, int], ...], like: Node) -> int:
        """A node that concatenates the runs; the same one for everybody who wants the same."""
        if runs not in self.gathered:
            parts: list[int] = []
            for node, start, stop in runs:
                source = self.graph.nodes[node]
                if (start, stop) == (0, source.shape[0]):
                    parts.append(self.moved[node])
                    continue
                parts.append(len(self.nodes))
                shape = (stop - start, *source.shape[1:])
                self.nodes.append(
                    Node(f"{source.name}.{start}_{stop}", Slice(start, stop), (self.moved[node],), shape, like.row)
                )
            if len(parts) > 1:
                self.nodes.append(Node(f"{like.name}.gathered", Concat(), tuple(parts), like.shape, like.row))
                parts = [len(self.nodes) - 1]
            self.gathered[runs] = parts[0]
        return self.gathered[runs]

    def _permute(self, node: Node, *, rows: Sequence[int] = (), columns: Sequence[int] = ()) -> None:
        """The node's tensors with the rows (all of them have rows) or the weight's columns in another order."""
        for name in (f"{node.name}.{part}" for part in ("weight", "bias", "running_mean", "running_var")):
            if name in self.tensors:
                if rows:
                    self.tensors[name] = self.tensors[name][list(rows)]
                elif name.endswith("weight"):
                    self.tensors[name] = self.tensors[name][:, list(columns)]


def _mixes(node: Node) -> bool:
    """Whether every channel of the node's result depends on all of its input's, through weights."""
    return isinstance(node.op, Linear) or (isinstance(node.op, Convolution) and node.op.groups == 1)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending places as stretches without a gap, (start, stop)."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _atoms(graph: Graph) -> list[list[_Atom]]:
    """For every value which computed channel stands where."""
    found: list[list[_Atom]] = []
    for index, node in enumerate(graph.nodes):
        match node.op:
            case Slice():
                found.append(found[node.inputs[0]][node.op.start : node.op.stop])
            case Concat():
                found.append([atom for source in node.inputs for atom in found[source]])
            case Permute():
                found.append([found[node.inputs[0]][channel] for channel in node.op.order])
            case Shuffle():
                before, groups = found[node.inputs[0]], node.op.groups
                size = len(before) // groups
                found.append([before[group * size + place] for place in range(size) for group in range(groups)])
            case _:
                found.append([_Atom(index, channel) for channel in range(node.shape[0])])
    return found
