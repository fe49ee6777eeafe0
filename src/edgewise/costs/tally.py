"""What the steps of a tape cost, under the conventions of the counting rules: what every runtime folds or fuses moves
no bytes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from edgewise.costs.table import Amounts, CostLine
from edgewise.costs.tape import Part, Places, Step, Tape
from edgewise.costs.work import Does, activation

UNUSED = "unused"
"""The kind of parameters that nothing reads when the network runs."""


@dataclass(frozen=True)
class Profile:
    """What a network costs that is no architecture of ours, for inputs of the shapes `inputs`.

    `lines` are its modules or nodes in the order they run, `kinds` the same amounts by kind of op. Bytes are those of
    the types the tensors have. `uncounted` names the ops whose multiply-adds nobody knows: where it is not empty,
    `multiply_adds` is too low by theirs.
    """

    name: str
    inputs: tuple[tuple[int, ...], ...]
    lines: tuple[CostLine, ...]
    kinds: dict[str, Amounts]
    total: Amounts
    peak_activation_bytes: int
    uncounted: tuple[str, ...]

    @property
    def multiply_adds(self) -> int:
        return self.total.multiply_adds

    @property
    def parameters(self) -> int:
        return self.total.parameters

    @property
    def bytes_read(self) -> int:
        return self.total.bytes_read

    @property
    def bytes_written(self) -> int:
        return self.total.bytes_written


def tally(tape: Tape, places: Places) -> Profile:
    """The costs of `tape` in the lines `places`; parameters nobody read go to the line named like their module."""
    steps = _gated(tape)
    deployed = _Deployed(tape, steps)
    lines = dict.fromkeys(places, Amounts())
    kinds: dict[str, Amounts] = {}
    for index, step in enumerate(steps):
        amounts = deployed.amounts(index)
        lines[step.line] = lines[step.line] + amounts
        kinds[step.work.kind] = kinds.get(step.work.kind, Amounts()) + amounts
    for name, elements in tape.unread.items():
        amounts = Amounts(parameters=elements)
        line = name.rpartition(".")[0]
        lines[line] = lines.get(line, Amounts()) + amounts
        kinds[UNUSED] = kinds.get(UNUSED, Amounts()) + amounts
    return Profile(
        name=tape.name,
        inputs=tuple(tape.shapes),
        lines=tuple(
            CostLine(
                row=row or tape.name,
                description=places[row].description if row in places else UNUSED,
                output=places[row].output if row in places else (),
                multiply_adds=amounts.multiply_adds,
                parameters=amounts.parameters,
                bytes_read=amounts.bytes_read,
                bytes_written=amounts.bytes_written,
            )
            for row, amounts in lines.items()
        ),
        kinds=kinds,
        total=sum(kinds.values(), Amounts()),
        peak_activation_bytes=deployed.peak(),
        uncounted=tuple(tape.uncounted),
    )


def _readers(steps: Sequence[Step]) -> dict[int, list[int]]:
    """For every buffer the indices of the steps that read it."""
    readers: dict[int, list[int]] = {}
    for index, step in enumerate(steps):
        for buffer in dict.fromkeys(buffer for buffer, _ in step.reads):
            readers.setdefault(buffer, []).append(index)
    return readers


def _gated(tape: Tape) -> list[Step]:
    """The steps with x · f(x) made one activation, however it was spelt: swish, and hard swish in older files."""
    readers = _readers(tape.steps)
    gates = {
        step.writes[0][0]: index
        for index, step in enumerate(tape.steps)
        if step.work.kind == "activation" and len(step.reads) == 1 and step.writes[0][0] not in tape.outputs
    }
    steps: list[Step | None] = list(tape.steps)
    for index, step in enumerate(tape.steps):
        if step.work.kind != "multiply" or len(step.reads) != 2:
            continue
        for x, gate in (step.reads, step.reads[::-1]):
            source = gates.get(gate[0])
            whole = x[1] == gate[1] == tape.buffers[x[0]].elements
            if source is not None and whole and tape.steps[source].reads == (x,) and readers[gate[0]] == [index]:
                steps[source] = None
                steps[index] = replace(step, work=activation(x[1]), reads=(x,))
                break
    return [step for step in steps if step is not None]


class _Deployed:
    """Which buffers a deployed network needs, and what the steps move between them."""

    def __init__(self, tape: Tape, steps: Sequence[Step]) -> None:
        self.tape = tape
        self.steps = steps
        self.readers = _readers(steps)
        self.aliases: dict[int, Part] = {}
        """Buffers that are never written: who reads one reads this part of another."""
        self.becomes: dict[int, int] = {}
        """Buffers that a fused step turns into another one where they stand."""
        self.fused: set[int] = set()
        """The indices of the steps that move nothing."""
        made = {buffer for step in steps for buffer, _ in step.writes}
        for index, step in enumerate(steps):
            if step.work.does in (Does.COMPUTE, Does.SLIDE, Does.GATHER):
                continue
            source, elements = next(part for part in step.reads if not tape.buffers[part[0]].constant)
            result = step.writes[0][0]
            alone = (
                self.readers[source] == [index]
                and elements == tape.buffers[source].elements
                and source not in tape.outputs
                and source != result
            )
            match step.work.does:
                case Does.FUSE:
                    pass
                case Does.QUANTISE if alone and source in made:
                    pass
                case Does.DEQUANTISE if result not in tape.outputs:
                    self.aliases[result] = (source, tape.buffers[result].elements)
                case Does.PAD if self._only_windows_read(result):
                    self.aliases[result] = (source, elements)
                case _:
                    continue
            self.fused.add(index)
            if alone and result not in self.aliases:
                self.becomes[source] = result

    def _only_windows_read(self, buffer: int) -> bool:
        readers = self.readers.get(buffer, ())
        windows = all(self.steps[index].work.does is Does.SLIDE for index in readers)
        return bool(readers) and windows and buffer not in self.tape.outputs

    def _resolved(self, part: Part) -> Part:
        """What is read in place of `part`."""
        buffer, elements = part
        while buffer in self.aliases:
            buffer, most = self.aliases[buffer]
            elements = min(elements, most)
        return buffer, elements

    def _home(self, buffer: int) -> int:
        """The buffer in whose place `buffer` stands."""
        buffer, _ = self._resolved((buffer, 0))
        while buffer in self.becomes:
            buffer = self.becomes[buffer]
        return buffer

    def _written(self, step: Step) -> list[Part]:
        """The main result, and the others where somebody reads them."""
        main, *others = step.writes
        return [main, *(part for part in others if part[0] in self.readers or part[0] in self.tape.outputs)]

    def amounts(self, index: int) -> Amounts:
        """The costs of the step `index`."""
        step, buffers = self.steps[index], self.tape.buffers
        read = written = 0
        if index not in self.fused:
            read = sum(elements * buffers[buffer].itemsize for buffer, elements in map(self._resolved, step.reads))
            written = sum(elements * buffers[self._home(buffer)].itemsize for buffer, elements in self._written(step))
        return Amounts(step.work.multiply_adds, step.parameters, step.work.elements, read, written)

    def peak(self) -> int:
        """The most bytes that values take at one time, when each is freed after its last reader."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for buffer in self.tape.inputs:
            first[self._home(buffer)] = last[self._home(buffer)] = 0
        for index, step in enumerate(self.steps):
            for buffer, _ in self._written(step):
                first.setdefault(self._home(buffer), index)
            for buffer, _ in (*step.reads, *self._written(step)):
                last[self._home(buffer)] = index
        last |= {self._home(buffer): len(self.steps) for buffer in self.tape.outputs}
        change = [0] * (len(self.steps) + 2)
        for home, start in first.items():
            size = self.tape.buffers[home].elements * self.tape.buffers[home].itemsize
            change[start] += size
            change[last[home] + 1] -= size
        return max(accumulate(change))
