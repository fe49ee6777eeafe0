"""The probes of a kit, and what their times say of the device: peaks, overheads and channel quanta."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from edgewise.devices.profile import Overhead, Peak, Quantum
from edgewise.papers import Architecture
from edgewise.profiling.overhead import NUMBERS, measure_overhead
from edgewise.profiling.peaks import measure_peak
from edgewise.profiling.probes import DEPTHWISE_MAP, POINTWISE_MAPS, depthwise, peak_probes, pointwise, tiny_ops
from edgewise.profiling.quantum import COARSE_WIDTHS, Kind, measure_quantum
from edgewise.profiling.timing import Setting, Timer

_SWEEPS: dict[Kind, dict[int, tuple[int, ...]]] = {
    "pointwise": {max(POINTWISE_MAPS): COARSE_WIDTHS},
    "depthwise": {DEPTHWISE_MAP: COARSE_WIDTHS},
}
"""The widths swept on maps of each side: few, for a kit is carried to slow devices."""


def kit_probes() -> tuple[Architecture, ...]:
    """The probes that go into a kit."""
    makers = {"pointwise": pointwise, "depthwise": depthwise}
    swept = [
        makers[kind](width, side) for kind, maps in _SWEEPS.items() for side, widths in maps.items() for width in widths
    ]
    return (*peak_probes(), *map(tiny_ops, NUMBERS), *swept)


def entries(
    precision: str, threads: int, seconds: float, timer: Timer
) -> Iterator[tuple[str, Callable[[], Peak | Overhead | Quantum]]]:
    """What the probes' times, told by `timer`, give: the name of each entry and how it is read.

    Only the peak is one of several threads. Reading raises `EdgewiseError` as `timer` does.
    """
    setting = Setting("onnxruntime", precision, Path(), threads)  # nothing is built, so nothing lies in the folder
    yield f"{precision} peak", partial(measure_peak, setting, seconds, timer=timer)
    if threads == 1:
        for kind, maps in _SWEEPS.items():
            yield f"{precision} {kind} quantum", partial(measure_quantum, kind, maps, setting, seconds, timer=timer)
        yield f"{precision} overhead", partial(measure_overhead, setting, seconds, timer=timer)
