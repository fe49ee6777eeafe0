"""The peak of a precision: the most multiply-adds per second that any probe reaches."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.costs import count
from edgewise.devices.profile import Peak
from edgewise.papers import Architecture
from edgewise.profiling.probes import peak_probes
from edgewise.profiling.timing import Setting, Timer, timed, unquiet


def measure_peak(
    setting: Setting, seconds: float, probes: Sequence[Architecture] | None = None, *, timer: Timer = timed
) -> Peak:
    """The peak of one runtime, precision and number of threads, measured for about `seconds`.

    It is taken from the tenth percentile of the iterations: a peak is what the device can do when nothing hinders it.
    Raises `EdgewiseError` where the runtime cannot do it.
    """
    probes = peak_probes() if probes is None else probes
    latencies = timer(probes, setting, seconds)
    rates = {probe.name: 1e3 * count(probe).multiply_adds / latencies[probe.name].p10_ms for probe in probes}
    best = max(rates, key=lambda name: rates[name])
    return Peak(
        runtime=setting.runtime,
        precision=setting.precision,
        threads=setting.threads,
        multiply_adds_per_second=rates[best],
        probe=best,
        probes=rates,
        runtime_version=latencies[best].runtime_version,
        unquiet=unquiet(list(latencies.values())),
        seconds=seconds,
    )
