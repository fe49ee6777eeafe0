"""The channel quantum: widths of a convolution swept, and the step of the staircase that their times make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from edgewise.devices.profile import Quantum, SweptWidth
from edgewise.profiling.probes import DEPTHWISE_MAP, POINTWISE_MAPS, depthwise, pointwise
from edgewise.profiling.staircase import find_staircase, triplet
from edgewise.profiling.timing import Setting, Timer, timed, unquiet

Kind = Literal["pointwise", "depthwise"]
KINDS: tuple[Kind, ...] = ("pointwise", "depthwise")

EVERY_WIDTH = tuple(range(32, 129))


def widths(triplets: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """The widths of all triplets above the multiples that are given for each quantum, in order."""
    return tuple(
        sorted({width for step, starts in triplets.items() for start in starts for width in triplet(step, start)})
    )


_COARSE = {32: (32, 64, 96), 16: (32, 48, 64, 80, 96, 112)}
_FINE = {8: (40, 48, 56, 64, 72, 80), 4: (44, 48, 60, 64, 76, 80), 2: (46, 48, 62, 64, 78, 80)}

HASTY_WIDTHS = widths({32: (32, 64, 96), 16: (32, 48, 64), 8: (48, 56, 64), 4: (48, 60, 64)})
"""Just enough widths to find a quantum of 4 or more."""

COARSE_WIDTHS = widths(_COARSE | {8: (48, 56, 64, 72), 4: (44, 48, 60, 64)})
"""Enough widths to find a quantum of 4 or more through noise."""

WIDTHS = widths(_COARSE | _FINE)
"""Enough widths to find any quantum: six places for each, but for the largest."""

_HASTE, _LEISURE = 60.0, 300.0


def sweeps(kind: Kind, profile_seconds: float) -> dict[int, tuple[int, ...]]:
    """The widths to sweep on maps of each side, when a whole profile may take so many seconds."""
    maps = {"pointwise": tuple(POINTWISE_MAPS), "depthwise": (DEPTHWISE_MAP,)}[kind]
    if profile_seconds >= _LEISURE:
        return dict.fromkeys(maps, EVERY_WIDTH)
    if profile_seconds < _HASTE:
        return {maps[0]: HASTY_WIDTHS}
    return {side: WIDTHS if (kind, index) == ("pointwise", 0) else COARSE_WIDTHS for index, side in enumerate(maps)}


def measure_quantum(
    kind: Kind, maps: Mapping[int, Sequence[int]], setting: Setting, seconds: float, *, timer: Timer = timed
) -> Quantum:
    """The quantum of one kind of convolution in one runtime and precision, measured for about `seconds`.

    `maps` has the widths to sweep on maps of each side (of those in `POINTWISE_MAPS`, any for depthwise). The widths of
    one sweep are timed side by side. Raises `EdgewiseError` where the runtime cannot do it.
    """
    make = {"pointwise": pointwise, "depthwise": depthwise}[kind]
    swept: list[SweptWidth] = []
    latencies = []
    total = sum(map(len, maps.values()))
    for side, tried in maps.items():
        probes = {width: make(width, side) for width in tried}
        found = timer(list(probes.values()), setting, seconds * len(tried) / total)
        latencies += found.values()
        for width, probe in probes.items():
            latency = found[probe.name]
            swept.append(SweptWidth(width, side, 1e3 * latency.p10_ms, 1e3 * latency.median_ms))
    staircase = find_staircase([{one.width: one.us for one in swept if one.side == side} for side in maps])
    return Quantum(
        runtime=setting.runtime,
        precision=setting.precision,
        kind=kind,
        channels=staircase.step,
        penalty=staircase.penalty,
        shares=staircase.shares,
        sweep=tuple(swept),
        runtime_version=latencies[0].runtime_version,
        unquiet=unquiet(latencies),
        seconds=seconds,
    )
