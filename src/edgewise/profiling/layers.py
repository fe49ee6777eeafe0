"""What every layer of some networks takes, inside whole inferences on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.costs.units import Unit, units
from edgewise.devices import Variant
from edgewise.devices.intervals import quantile
from edgewise.devices.prediction import Setting, UnitTime, attributed
from edgewise.devices.prediction.table import TYPICAL
from edgewise.devices.sessions import Sessions
from edgewise.papers import Architecture
from edgewise.profiling.filling import check_tracing, quiet_ms, variant_of

FEWEST_ROUNDS = 3

_TRACE_NS = 2.5e8
_MOST_TRACED = 12
_MOST_ADDED_US = 10.0
"""Telling the time of a kernel adds no more: what is beyond is disturbance, which long layers have more of."""
_LEAST_LEFT = 0.25


@dataclass(frozen=True)
class TimedLayers:
    """A network whose inference takes `ms`, and of each of its `units` the share of that in µs, and in how many
    kernels it runs. `strain` is how many times longer than an undisturbed inference the layers took together: well
    above 1 where something else kept the machine busy."""

    architecture: Architecture
    ms: float
    units: tuple[Unit, ...]
    us: tuple[float, ...]
    kernels: tuple[int, ...]
    strain: float = 1.0


def time_layers(architectures: Sequence[Architecture], setting: Setting, seconds: float = 6.0) -> list[TimedLayers]:
    """Times networks with random weights and their layers in turns, for about `seconds` and at least three rounds.

    A layer's time is the lower quartile over rounds of what its kernels take inside whole inferences: whatever disturbs
    one makes it longer. What telling the time of a kernel adds, the same for each, is taken off, and what is left is
    scaled to the inference, so that the layers add up to it. Raises `EdgewiseError`
    where the runtime cannot be traced, is not installed or fails.
    """
    check_tracing(setting.runtime)
    with TemporaryDirectory() as folder:
        variants = [variant_of(one, Path(folder), setting) for one in architectures]
        parts = [units(one.graph) for one in architectures]
        whole: list[list[float]] = [[] for _ in architectures]
        traced: list[list[list[UnitTime]]] = [[] for _ in architectures]
        began, rounds = time.monotonic(), 0
        with Sessions(variants) as sessions:
            while rounds < FEWEST_ROUNDS or time.monotonic() - began < seconds:
                for index, architecture in enumerate(architectures):
                    whole[index].append(quiet_ms(sessions, variants[index]))
                    kernels = sessions.trace(variants[index], _iterations(sessions, variants[index]))
                    traced[index].append(attributed(architecture.graph, parts[index], kernels))
                rounds += 1
    return [
        _settled(architecture, quantile(whole[index], TYPICAL), parts[index], traced[index])
        for index, architecture in enumerate(architectures)
    ]


def _iterations(sessions: Sessions, variant: Variant) -> int:
    return min(_MOST_TRACED, sessions.iterations(variant, _TRACE_NS))


def _settled(
    architecture: Architecture, ms: float, parts: Sequence[Unit], rounds: Sequence[Sequence[UnitTime]]
) -> TimedLayers:
    """What each takes undisturbed, without what tracing adds, as shares of the latency."""
    us = [quantile([one[index].us for one in rounds], TYPICAL) for index in range(len(parts))]
    kernels = [rounds[0][index].kernels for index in range(len(parts))]
    added = min(_MOST_ADDED_US, max(0.0, (sum(us) - 1000 * ms) / max(1, sum(kernels))))
    clean = [max(one - added * count, _LEAST_LEFT * one) for one, count in zip(us, kernels, strict=True)]
    strain = sum(clean) / (1000 * ms)
    scaled = tuple(one / strain for one in clean) if strain else tuple(clean)
    return TimedLayers(architecture, ms, tuple(parts), scaled, tuple(kernels), strain)
