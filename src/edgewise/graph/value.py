"""Symbolic values: what a row computes with. Operating on a value adds a node to the graph that is being traced."""

from __future__ import annotations

from edgewise.errors import EdgewiseError
from edgewise.graph.graph import Graph, Node
from edgewise.graph.ops import Add, BatchNorm, Input, Multiply, Op, Shape

_ADD, _MULTIPLY = Add(), Multiply()


class Value:
    """A named tensor without numbers; it knows its shape, `(C, H, W)` or `(C,)`, batch left out."""

    __slots__ = ("index", "shape", "trace")

    def __init__(self, trace: Trace, index: int, shape: Shape) -> None:
        self.trace = trace
        self.index = index
        self.shape = shape

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def map(self) -> tuple[int, int]:
        """Height and width."""
        return (self.shape[1], self.shape[2])

    def __add__(self, other: Value) -> Value:
        return self.trace.apply(_ADD, (self, other), "add")

    def __mul__(self, factor: Value) -> Value:
        return self.trace.apply(_MULTIPLY, (self, factor), "multiply")

    def elsewhere(self, name: str) -> Value:
        """The value `name` made by an earlier row (`7.depthwise`): how a head reads a second input."""
        return self.trace.value(name)

    def emit(self, output: str, *, training_only: bool = False) -> None:
        """Makes this value one of the network's outputs, beside the main one (boxes, auxiliary classifiers).

        One that is `training_only` is not deployed. Raises `EdgewiseError` when the name is taken; "output" is what
        the last row returns.
        """
        outputs = self.trace.outputs
        if output == "output" or output in outputs:
            raise EdgewiseError(f"the network already has an output called {output}; choose another name")
        outputs[output] = self.index
        if training_only:
            self.trace.training_only.add(output)


class Trace:
    """A graph under construction. Names are given relative to the row that is being applied."""

    def __init__(self, image: Shape, norm: BatchNorm) -> None:
        self.norm = norm
        self.nodes: list[Node] = [Node("input", Input(image), (), image, -1)]
        self.names: dict[str, int] = {"input": 0}
        self.outputs: dict[str, int] = {}
        self.training_only: set[str] = set()
        self._row = -1
        self._prefix = ""

    def given(self, name: str, shape: Shape) -> Value:
        """A value that is there already: what a row reads that is looked at alone."""
        index = len(self.nodes)
        self.nodes.append(Node(name, Input(shape), (), shape, -1))
        self.names[name] = index
        return Value(self, index, shape)

    def enter(self, row: int) -> None:
        """The nodes that follow belong to row `row`."""
        self._row = row
        self._prefix = f"{row}."

    def leave(self, result: Value) -> None:
        """Row number `row` ends with `result`: the row's number names that value."""
        self.names[self._prefix[:-1]] = result.index

    def apply(self, op: Op, inputs: tuple[Value, ...], name: str) -> Value:
        """Adds a node. A name that the row has used already gets a number: add, add_2, add_3.

        Inside a step (`expand.conv`) a second use is a mistake, for the step's name would change its meaning: it raises
        `EdgewiseError`.
        """
        if len(inputs) == 1:  # nearly all; this method is most of the time that building a graph takes
            shape = op.output_shape(inputs[0].shape)  # pyright: ignore[reportCallIssue]
            sources = (inputs[0].index,)
        else:
            shape = op.output_shape(*[value.shape for value in inputs])
            sources = tuple([value.index for value in inputs])
        full = self._prefix + name
        names = self.names
        if full in names:
            if "." in name:
                step = name.rpartition(".")[0]
                raise EdgewiseError(f"two steps of the row are called {step}; give each a name of its own")
            count = 2
            while f"{full}_{count}" in names:
                count += 1
            full = f"{full}_{count}"
        index = len(self.nodes)
        self.nodes.append(Node(full, op, sources, shape, self._row))
        names[full] = index
        return Value(self, index, shape)

    def call(self, name: str, value: Value) -> Value:
        """Lets `name`, relative to the row, stand for `value`: the end of a step made of several ops.

        Called again, the name moves on to the later value. Raises `EdgewiseError` when a single op has the name.
        """
        full = self._prefix + name
        taken = self.names.get(full)
        if taken is not None and self.nodes[taken].name == full:
            raise EdgewiseError(f"an op and a step of the row are both called {name}; give each a name of its own")
        self.names[full] = value.index
        return value

    def value(self, name: str) -> Value:
        index = self.graph_so_far().index(name)
        return Value(self, index, self.nodes[index].shape)

    def graph_so_far(self) -> Graph:
        return Graph(tuple(self.nodes), self.names, self.outputs, frozenset(self.training_only))
