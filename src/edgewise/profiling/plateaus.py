"""Levels of a memory hierarchy: the plateaus that bandwidth has over the size of a buffer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from edgewise.devices.profile import Level

Ladder = Sequence[tuple[int, float, float]]
"""(bytes, bytes per second read, bytes per second copied), by rising size."""

_DROP = 0.75
_INSIDE, _BEYOND = 0.75, 1.5


def levels(ladder: Ladder, caches: Sequence[int]) -> tuple[Level, ...]:
    """The bandwidth of each cache, called L1, L2, …, and of the memory behind the last.

    `caches` are their sizes in bytes, smallest first. A level's bandwidth is the median over the buffers that certainly
    lie in it: at most three quarters of its own size, and half as large again as the level before. A level that no
    buffer of the ladder lies in is left out. Without `caches` levels are wherever bandwidth drops (see `plateaus`).
    """
    if not caches:
        return _named(plateaus(ladder))
    found: list[Level] = []
    below = 0.0
    for number, size in enumerate((*caches, math.inf)):
        inside = [step for step in ladder if below < step[0] <= _INSIDE * size]
        below = _BEYOND * size
        if inside:
            last = number == len(caches)
            found.append(_level("memory" if last else f"L{number + 1}", None if last else int(size), inside))
    return tuple(found)


def plateaus(ladder: Ladder) -> list[Ladder]:
    """The ladder cut where the bandwidth of reading falls below three quarters of what it was on the plateau before.

    Steps between two plateaus, where part of a buffer still lies in the cache, belong to neither: a plateau is two
    steps or more that lie within a quarter of each other.
    """
    found: list[list[tuple[int, float, float]]] = [[]]
    for step in ladder:
        current = found[-1]
        if current and step[1] < _DROP * median(one[1] for one in current):
            found.append([])
        found[-1].append(step)
    return [part for part in found if len(part) > 1] or [ladder]


def _named(parts: Sequence[Ladder]) -> tuple[Level, ...]:
    names = [*(f"L{number}" for number in range(1, len(parts))), "memory"]
    return tuple(_level(name, None, part) for name, part in zip(names, parts, strict=True))


def _level(name: str, size: int | None, inside: Ladder) -> Level:
    return Level(name, size, median(one[1] for one in inside), median(one[2] for one in inside))
