"""What can be made narrower: the channels that the same layers compute, and which other spaces follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edgewise.adapting.labels import Labels, channel_labels
from edgewise.errors import EdgewiseError
from edgewise.graph import Graph, Node
from edgewise.graph.ops import Activation, Convolution, GlobalPool, Multiply
from edgewise.papers import Architecture


@dataclass(frozen=True, eq=False)
class Space:
    """Channels that are computed by the same layers, and so are worth as much as each other to begin with.

    An expansion is a space, and so is a bottleneck with all those that a shortcut ties to it. `name` is the first value
    that has its channels (`13.expand`), `producers` are the nodes that compute them, `labels` the channels themselves,
    in order. `follows` is the space whose width this one keeps a share of: the squeezed width of squeeze-and-excitation
    follows what it weighs.
    """

    name: str
    producers: tuple[int, ...]
    labels: np.ndarray
    follows: str | None = None

    @property
    def width(self) -> int:
        return len(self.labels)


class Spaces:
    """The spaces of an architecture, by name, in order of their first layer."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.labels = channel_labels(architecture.graph)
        self.by_name = {space.name: space for space in _spaces(architecture.graph, self.labels)}

    def __getitem__(self, name: str) -> Space:
        if name not in self.by_name:
            raise EdgewiseError(
                f"{self.architecture.name} has no channels {name} that could be fewer; it has {', '.join(self.by_name)}"
            )
        return self.by_name[name]

    @cached_property
    def leading(self) -> tuple[Space, ...]:
        """Those that follow no other."""
        return tuple(space for space in self.by_name.values() if space.follows is None)

    def followers(self, widths: Mapping[str, int]) -> dict[str, int]:
        """The widths of the spaces that follow those in `widths`, by the paper's rule where they kept to it, and else
        at the share they had; never wider than they are."""
        rule = self.architecture.widths
        found: dict[str, int] = {}
        for space in self.by_name.values():
            if space.follows is not None and space.follows in widths:
                before, after = self.by_name[space.follows].width, widths[space.follows]
                ruled = rule.squeeze_from == "expanded" and space.width == rule.round(before * rule.squeeze)
                share = rule.round(after * rule.squeeze) if ruled else round(space.width * after / before)
                found[space.name] = min(space.width, max(1, share))
        return found

    def tied(self, name: str) -> tuple[Space, ...]:
        """The space and those whose channels share groups of a grouped convolution with its, directly or not."""
        reached = {name}
        waiting = [name]
        while waiting:
            for other in self._neighbours[waiting.pop()] - reached:
                reached.add(other)
                waiting.append(other)
        return tuple(space for space in self.by_name.values() if space.name in reached)

    def partitions(self, spaces: Sequence[Space]) -> list[np.ndarray]:
        """The groups of grouped convolutions that the channels of `spaces` stand in."""
        concerned = np.zeros(len(self.labels.fixed), dtype=bool)
        for space in spaces:
            concerned[space.labels] = True
        return [parted for parted in self.labels.partitions if concerned[parted].any()]

    @cached_property
    def _neighbours(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {name: set() for name in self.by_name}
        home = np.full(len(self.labels.fixed), -1)
        names = list(self.by_name)
        for number, space in enumerate(self.by_name.values()):
            home[space.labels] = number
        for parted in self.labels.partitions:
            together = {names[number] for number in np.unique(home[parted]) if number >= 0}
            for name in together:
                found[name] |= together - {name}
        return found


def _spaces(graph: Graph, labels: Labels) -> list[Space]:
    """Every label that may go, by the layers that compute it."""
    by_producers: dict[tuple[int, ...], list[int]] = {}
    for label, producers in enumerate(labels.producers):
        if not labels.fixed[label]:
            by_producers.setdefault(producers, []).append(label)
    names = {producers: _name(graph, producers[0]) for producers in by_producers}
    taken: dict[str, int] = {}
    found: list[Space] = []
    homes = {label: producers for producers, own in by_producers.items() for label in own}
    for producers, own in sorted(by_producers.items()):
        name = names[producers]
        taken[name] = taken.get(name, 0) + 1
        # Two spaces begin in one layer where only some of its channels are tied to others.
        name = name if taken[name] == 1 else f"{name}#{taken[name]}"
        led = _weighed(graph, labels, producers)
        leader = names[homes[led]] if led is not None and led in homes else None
        found.append(Space(name, producers, np.array(own), leader))
    return found


def _name(graph: Graph, index: int) -> str:
    """The step that a layer begins (`13.expand` of `13.expand.conv`), or the layer itself."""
    full = graph.nodes[index].name
    step, _, last = full.rpartition(".")
    return step if last in ("conv", "pointwise") and step in graph.names else full


def _weighed(graph: Graph, labels: Labels, producers: tuple[int, ...]) -> int | None:
    """Where the layer squeezes channels of which the result then weighs the same: one of their labels."""
    if len(producers) != 1:
        return None
    first = producers[0]
    pooled = graph.nodes[first].inputs[0]
    if not isinstance(graph.nodes[pooled].op, GlobalPool):
        return None
    excite = _only_reader(graph, first)
    gate = None if excite is None else _only_reader(graph, excite)
    if gate is None or not isinstance(graph.nodes[gate].op, Multiply):
        return None
    return int(labels.axes[pooled][0])


def _only_reader(graph: Graph, index: int) -> int | None:
    """The convolution or product that alone reads a value, behind activations."""
    while len(graph.consumers[index]) == 1:
        index = graph.consumers[index][0]
        node: Node = graph.nodes[index]
        if isinstance(node.op, Convolution | Multiply):
            return index
        if not isinstance(node.op, Activation):
            return None
    return None
