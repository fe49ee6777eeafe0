"""A torch module that runs a graph: the nodes' modules in a tree named after them, and a plan of what to call when."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple, cast

from torch import Tensor, nn

from edgewise.graph import Graph
from edgewise.graph.ops import Activation, Add, BatchNorm, Convolution
from edgewise.nn.operations import OPERATIONS, Operation


class Branch(nn.Module):
    """A place in the tree of names: a row, or a step of one. It is printed as its `label`."""

    def __init__(self, label: str = "") -> None:
        super().__init__()
        self.label = label

    def _get_name(self) -> str:
        return self.label


class Step(NamedTuple):
    """One call: the operation, where its inputs stand, where its result goes, and which values die with it.

    A module is looked up by `leaf` in the `modules` of its branch at every call, so that one that somebody puts in its
    place (quantisation does) is the one that runs.
    """

    operation: Operation | None
    modules: dict[str, nn.Module | None]
    leaf: str
    inputs: tuple[int, ...]
    output: int
    dead: tuple[int, ...]


Outputs = Tensor | tuple[Tensor, ...]


class Interpreter(nn.Module):
    """Runs `graph`. `labels` describe the branches of the tree when the module is printed."""

    def __init__(self, graph: Graph, labels: dict[str, str] | None = None) -> None:
        super().__init__()
        self.graph = graph
        self._overwritten = _overwritten(graph)
        homes: list[_Home] = [_Home(None, {}, "")]
        for node in graph.nodes[1:]:
            x = graph.nodes[node.inputs[0]]
            operation = OPERATIONS[type(node.op)](node.op, x.shape, node.inputs[0] in self._overwritten)
            placed = isinstance(operation, nn.Module)
            homes.append(self._place(node.name, operation, labels or {}) if placed else _Home(operation, {}, ""))
        self._plan = _plan(graph, homes, range(len(graph.nodes)))
        self._main_plan = _plan(graph, homes, (graph.outputs["output"],)) if len(graph.outputs) > 1 else self._plan

    def _place(self, name: str, module: nn.Module, labels: dict[str, str]) -> _Home:
        *path, leaf = name.split(".")
        place: nn.Module = self
        for depth, part in enumerate(path):
            if part not in place._modules:
                place.add_module(part, Branch(labels.get(".".join(path[: depth + 1]), "")))
            place = cast("nn.Module", place._modules[part])
        place.add_module(leaf, module)
        return _Home(None, place._modules, leaf)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` in, the graph's main output out. What only other outputs need is not run."""
        main = self.graph.outputs["output"]
        return self._run(self._main_plan, x, {main})[main]

    def forward_outputs(self, x: Tensor) -> dict[str, Tensor]:
        """All outputs by name: the main one, "output", and those that rows emit (auxiliary classifiers, boxes)."""
        outputs = self.graph.outputs
        values = self._run(self._plan, x, frozenset(outputs.values()))
        return {name: values[index] for name, index in outputs.items()}

    def run(self, x: Tensor, keep: Iterable[int]) -> dict[int, Tensor]:
        """The values at the indices `keep`."""
        return self._run(self._plan, x, frozenset(keep))

    def _run(self, plan: list[Step], x: Tensor, wanted: AbstractSet[int]) -> dict[int, Tensor]:
        kept = {0: x} if 0 in wanted else {}
        values: list[Tensor | None] = [None] * len(self.graph.nodes)
        values[0] = x
        for function, modules, leaf, inputs, output, dead in plan:
            operation = function or cast("nn.Module", modules[leaf])
            y = operation(values[inputs[0]]) if len(inputs) == 1 else operation(*[values[i] for i in inputs])
            values[output] = y
            if output in wanted:
                # A following activation that works in place would overwrite what the caller asked for.
                kept[output] = y.clone() if output in self._overwritten else y
            for index in dead:
                values[index] = None
        return kept


class WithOutputs(nn.Module):
    """Gives the main output of `network`, or a tuple of all: the main one first, the others in their order."""

    def __init__(self, network: Interpreter) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Outputs:
        outputs = self.network.forward_outputs(x)
        main = outputs.pop("output")
        return (main, *outputs.values()) if outputs else main


class _Home(NamedTuple):
    """Where a node's operation is: itself, or a module's place in its branch."""

    operation: Operation | None
    modules: dict[str, nn.Module | None]
    leaf: str


def _overwritten(graph: Graph) -> frozenset[int]:
    """Values that a ReLU may overwrite: read by it alone, and not needed by the op that made them in its backward."""
    return frozenset(
        node.inputs[0]
        for node in graph.nodes
        if isinstance(node.op, Activation)
        and node.op.kind in ("relu", "relu6")
        and isinstance(graph.nodes[node.inputs[0]].op, Convolution | BatchNorm | Add)
        and len(graph.consumers[node.inputs[0]]) == 1
    )


def _plan(graph: Graph, homes: list[_Home], outputs: Iterable[int]) -> list[Step]:
    """The calls that the values `outputs` need, in order."""
    needed = graph.needed(outputs)
    last = {source: index for index in sorted(needed) for source in graph.nodes[index].inputs}
    dying: dict[int, list[int]] = {}
    for value, reader in last.items():
        dying.setdefault(reader, []).append(value)
    return [
        Step(*homes[index], node.inputs, index, tuple(dying.get(index, ())))
        for index, node in enumerate(graph.nodes)
        if index and index in needed
    ]
