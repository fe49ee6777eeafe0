"""The parts of a graph that a runtime runs as one kernel: what latencies are measured and predicted by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from edgewise.blocks import Row
from edgewise.graph import Graph, Trace, Value, ops
from edgewise.graph.ops import Op, Shape
from edgewise.papers import Architecture

_JOINS = (ops.BatchNorm, ops.Activation, ops.Dropout, ops.Flatten)


@dataclass(frozen=True)
class Unit:
    """An op with what every runtime fuses into it: batch norm, activation, flattening.

    `op` heads it and takes values of the shapes `inputs`; `output` is the shape of its result. `nodes` are the indices
    of all its nodes in the deployed graph, `name` and `row` those of the first.
    """

    name: str
    row: int
    op: Op
    inputs: tuple[Shape, ...]
    output: Shape
    activation: str | None
    nodes: tuple[int, ...]

    @cached_property
    def key(self) -> str:
        """The same for units that do the same work, wherever they stand."""
        op = replace(self.op, bias=True) if isinstance(self.op, ops.Convolution | ops.Linear) else self.op
        shapes = " ".join("×".join(map(str, shape)) for shape in self.inputs)
        return f"{op} of {shapes}" + (f", {self.activation}" if self.activation else "")


@dataclass(frozen=True)
class Reads:
    """The shapes of what a row reads: of its input, and of the values `elsewhere` in the network by their names."""

    input: Shape
    elsewhere: tuple[tuple[str, Shape], ...] = ()


def reads_of(architecture: Architecture) -> list[Reads]:
    """What every row reads."""
    inputs = (architecture.input, *architecture.shapes[:-1])
    if not any(row.reads for row in architecture.rows):
        return [Reads(shape) for shape in inputs]
    graph = architecture.graph
    return [
        Reads(shape, tuple((name, graph.nodes[graph.index(name)].shape) for name in row.reads))
        for row, shape in zip(architecture.rows, inputs, strict=True)
    ]


def units_of_row(row: Row, reads: Reads) -> tuple[Unit, ...]:
    """The units of one row: those it has in any network in which it reads values of these shapes. Raises
    `EdgewiseError` where its widths do not fit."""
    trace = Trace(reads.input, ops.BatchNorm())
    x = Value(trace, 0, reads.input)
    for name, shape in reads.elsewhere:
        if name in trace.names:  # the image, which is not what this row is called with
            x = trace.given("x", reads.input)
        trace.given(name, shape)
    trace.enter(0)
    y = row.apply(x)
    trace.leave(y)
    trace.outputs["output"] = y.index
    return units(trace.graph_so_far())


def units(graph: Graph) -> tuple[Unit, ...]:
    """The units of `graph` as it is deployed, in the order they run; every node but the image is in one of them."""
    graph = graph.deployed()
    nodes = graph.nodes
    outputs = frozenset(graph.outputs.values())
    found: dict[int, Unit] = {}
    head: dict[int, int] = {}
    for index, node in enumerate(nodes):
        if not node.inputs:
            continue
        source = node.inputs[0]
        # Within a row only, so that a row has the same units wherever it stands.
        alone = graph.consumers[source] == (index,) and source not in outputs and nodes[source].row == node.row
        if isinstance(node.op, _JOINS) and alone and source in head:
            unit = found[head[source]]
            activation = node.op.kind if isinstance(node.op, ops.Activation) else unit.activation
            head[index] = head[source]
            found[head[source]] = replace(unit, output=node.shape, activation=activation, nodes=(*unit.nodes, index))
        else:
            head[index] = index
            inputs = tuple(nodes[i].shape for i in node.inputs)
            kind = node.op.kind if isinstance(node.op, ops.Activation) else None
            found[index] = Unit(node.name, node.row, node.op, inputs, node.shape, kind, (index,))
    return tuple(found.values())
