"""What could be tried next: for every space the widest narrowing that makes the network fast enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import lcm

import numpy as np

from edgewise.adapting.choose import chosen
from edgewise.adapting.spaces import Space, Spaces
from edgewise.adapting.surgery import narrowed
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

Latency = Callable[[Architecture], float]
"""What an architecture is expected to take, in ms."""

_SHARES = tuple(share / 50 for share in range(49, 0, -1))


@dataclass(frozen=True, eq=False)
class Proposal:
    """A narrower network: which spaces get which widths, the labels that are kept, and what it is expected to take."""

    name: str
    widths: Mapping[str, int]
    kept: np.ndarray
    architecture: Architecture
    ms: float


class Proposals:
    """Finds the proposals of one step. Widths go down to multiples of `quantum` (and of what groups demand)."""

    def __init__(self, spaces: Spaces, scores: np.ndarray, latency: Latency, quantum: int) -> None:
        self._spaces = spaces
        self._scores = scores
        self._latency = latency
        self._allowed = {space.name: widths for space in spaces.leading if (widths := _allowed(spaces, space, quantum))}
        self._tried: dict[tuple[tuple[str, int], ...], Proposal | None] = {}

    def below(self, ms: float) -> list[Proposal]:
        """A proposal for every space that can bring the latency down to `ms` alone, as wide as it may stay.

        Where none can, several together: all spaces by the same share, those of every stage, and each kind of them.
        Nothing is left to try where the list is empty.
        """
        alone = [
            found
            for name, widths in self._allowed.items()
            if (found := self._widest([{name: width} for width in widths], name, ms))
        ]
        return alone or self._together(ms)

    def evenly(self, ms: float) -> Proposal | None:
        """All spaces narrowed by the same share, the largest that takes at most `ms`: what a width multiplier does."""
        found = self._alike("all", list(self._allowed), ms)
        if found is None:
            return None
        shares = [width / self._spaces[name].width for name, width in found.widths.items()]
        return replace(found, name=f"all to about {100 * sum(shares) / len(shares):.0f}%")

    def narrowest(self) -> Proposal | None:
        """All spaces at the narrowest there is; None where they cannot be narrower, or not together."""
        return self._proposal("all", {name: widths[-1] for name, widths in self._allowed.items()})

    def _together(self, ms: float) -> list[Proposal]:
        groups: dict[str, list[str]] = {"all": list(self._allowed)}
        graph = self._spaces.labels.graph
        for name in self._allowed:
            side = graph.nodes[self._spaces[name].producers[0]].shape[-1]
            groups.setdefault(f"maps of {side}", []).append(name)
        found: dict[tuple[tuple[str, int], ...], Proposal] = {}
        for label, names in groups.items():
            if made := self._alike(label, names, ms):
                found.setdefault(tuple(made.widths.items()), made)
        return list(found.values())

    def _alike(self, label: str, names: Sequence[str], ms: float) -> Proposal | None:
        """The spaces `names` at the same share of their widths, the largest that takes at most `ms`."""
        steps = [
            {name: _at_share(self._spaces[name], self._allowed[name], share) for name in names} for share in _SHARES
        ]
        return self._widest(steps, label, ms)

    def _widest(self, steps: Sequence[Mapping[str, int]], name: str, ms: float) -> Proposal | None:
        """The first of the `steps`, which go from wide to narrow, that takes at most `ms`."""
        low, high = 0, len(steps)
        best: Proposal | None = None
        while low < high:
            middle = (low + high) // 2
            made = self._proposal(name, steps[middle])
            if made is not None and made.ms <= ms:
                best, high = made, middle
            else:
                low = middle + 1
        return best

    def _proposal(self, name: str, widths: Mapping[str, int]) -> Proposal | None:
        """None where these widths leave groups unequal."""
        less = {space: width for space, width in widths.items() if width < self._spaces[space].width}
        key = tuple(sorted(less.items()))
        if key not in self._tried:
            try:
                kept = chosen(self._spaces, less, self._scores)
                architecture = narrowed(self._spaces.architecture, self._spaces.labels, kept)
            except EdgewiseError:
                self._tried[key] = None
            else:
                title = name if len(less) > 1 else "".join(f"{space} to {width}" for space, width in less.items())
                self._tried[key] = Proposal(title, less, kept, architecture, self._latency(architecture))
        return self._tried[key] if less else None


def narrowest(architecture: Architecture, quantum: int) -> Architecture:
    """`architecture` with all its spaces as narrow as multiples of `quantum` may be; as it is where none may."""
    spaces = Spaces(architecture)
    found = Proposals(spaces, np.zeros(len(spaces.labels.fixed)), lambda _: 0.0, quantum).narrowest()
    return architecture if found is None else found.architecture


def _allowed(spaces: Spaces, space: Space, quantum: int) -> list[int]:
    """The widths below its own that a space may get, from wide to narrow."""
    step = lcm(quantum, *(len(parted) for parted in spaces.partitions(spaces.tied(space.name))))
    return list(range((space.width - 1) // step * step, 0, -step))


def _at_share(space: Space, allowed: Sequence[int], share: float) -> int:
    """The widest allowed width within the share of its own, or the narrowest there is."""
    return next((width for width in allowed if width <= share * space.width), allowed[-1])
