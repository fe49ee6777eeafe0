"""Whose time a kernel's is: a runtime fuses, reorders and renames, and every kernel must end up in some unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from edgewise.costs.units import Unit
from edgewise.devices.runtimes import KernelTimes
from edgewise.graph import Graph

_KEPT = (0.1, 0.6)
"""The share of a kernel's times that its mean is of: the fastest are luck, the slowest other people's work."""


@dataclass(frozen=True)
class UnitTime:
    """What a unit took inside a whole inference, in µs, and in how many kernels: telling the time of each takes time,
    too, and stands in `us`."""

    us: float
    kernels: int


def attributed(graph: Graph, units: Sequence[Unit], kernels: Sequence[KernelTimes]) -> list[UnitTime]:
    """The time of every unit of `graph` (`costs.units.units(graph)`), inside the whole inference.

    A kernel belongs to the unit whose node its name begins with. What a runtime puts in between (changes of layout,
    quantisation) has names of its own and belongs to the unit that ran before it, or to the first.
    """
    graph = graph.deployed()
    unit_of = {index: place for place, unit in enumerate(units) for index in unit.nodes}
    places = {name: unit_of[index] for name, index in graph.names.items() if index in unit_of}
    places |= {name: unit_of[index] for name, index in graph.outputs.items() if index in unit_of}
    # What the main output is called in artifacts.
    places["logits"] = unit_of[graph.outputs["output"]]
    times = [0.0] * len(units)
    counts = [0] * len(units)
    last = 0
    for kernel in kernels:
        last = _place(kernel.name, places, last)
        times[last] += typical_us(kernel.ns)
        counts[last] += 1
    return [UnitTime(us, count) for us, count in zip(times, counts, strict=True)]


def typical_us(ns: Sequence[int]) -> float:
    """What a kernel takes when nothing comes between, in µs: a trimmed mean, as some runtimes round to whole µs."""
    ordered = sorted(ns)
    start = int(_KEPT[0] * len(ordered))
    return fmean(ordered[start : max(start + 1, round(_KEPT[1] * len(ordered)))]) / 1000


def _place(name: str, places: Mapping[str, int], last: int) -> int:
    """The unit of the longest name that the kernel's begins with and that ends where a word does."""
    for end in range(len(name), 0, -1):
        if (end == len(name) or not name[end].isalnum()) and name[:end] in places:
            return places[name[:end]]
    return last
