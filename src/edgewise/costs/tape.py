"""A network that is no architecture of ours, as a tape: the buffers it works on and the steps it takes, in order.

A torch module writes its tape while it runs, an ONNX file while it is read. Views leave no trace: they are parts of
the buffer they show. What is computed from constants alone is a constant itself, made once before deployment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from edgewise.costs.work import Does, Work

Part = tuple[int, int]
"""A buffer, and how many of its elements."""


@dataclass(slots=True)
class Buffer:
    """Memory for so many elements of so many bytes each. The names of the parameters that a constant was made from."""

    elements: int
    itemsize: int
    constant: bool = True
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One op: the line of the table it belongs to, and its work. The first result is the main one; others
    count where somebody reads them."""

    line: str
    work: Work
    reads: tuple[Part, ...]
    writes: tuple[Part, ...]
    parameters: int = 0


@dataclass
class Tape:
    """Buffers and steps as they are recorded. `unread` are the parameters that no step has read so far."""

    name: str
    buffers: list[Buffer] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    """Those of the inputs."""
    outputs: list[int] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, None] = field(default_factory=dict)
    """Names of ops whose multiply-adds are not known, as an ordered set."""

    def buffer(self, elements: int, itemsize: int) -> int:
        """A constant, until a step that depends on the input writes to it."""
        self.buffers.append(Buffer(elements, itemsize))
        return len(self.buffers) - 1

    def input(self, shape: tuple[int, ...], itemsize: int) -> int:
        self.shapes.append(shape)
        index = self.buffer(prod(shape), itemsize)
        self.buffers[index].constant = False
        self.inputs.append(index)
        return index

    def share(self, index: int, name: str, elements: int) -> None:
        """The parameter `name` lives in the buffer `index`, too."""
        self.buffers[index].parameters |= {name}
        self.unread[name] = elements

    def add(self, line: str, work: Work, reads: Sequence[Part], writes: Sequence[Part]) -> None:
        """Records a step. Work on constants leaves none, unless it is multiply-adds, which are never passed over."""
        parameters = frozenset[str]().union(*(self.buffers[index].parameters for index, _ in reads))
        if not work.multiply_adds and all(self.buffers[index].constant for index, _ in reads):
            for index, _ in writes:
                self.buffers[index].parameters |= parameters
            return
        for index, _ in writes:
            self.buffers[index].constant = False
        if work.does is Does.GATHER:  # an index that depends on the input is read, too
            (source, elements), *others = reads
            others = [part for part in others if not self.buffers[part[0]].constant]
            reads = [(source, min(elements, writes[0][1])), *others]
        read_first = sum(self.unread.pop(name) for name in parameters if name in self.unread)
        self.steps.append(Step(line, work, tuple(reads), tuple(writes), read_first))


@dataclass(frozen=True)
class Place:
    """What a line of the table is: its description, and the shape of its result."""

    description: str
    output: tuple[int, ...]


Places = Mapping[str, Place]
