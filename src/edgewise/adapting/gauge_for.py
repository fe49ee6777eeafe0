"""Which gauge a run has: the latency table of a device elsewhere, or measurements on this machine."""

from __future__ import annotations

from pathlib import Path

from edgewise.adapting.gauge import Expecting, Gauge, Measuring, quantum_of
from edgewise.devices import describe_machine, installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.prediction.table import LatencyTable, tables_of
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling import Setting as Probed
from edgewise.profiling import measure_quantum, sweeps
from edgewise.tasks import Tell

TABLE = "device.json"


def gauge_for(
    folder: Path,
    architecture: Architecture,
    runtime: str,
    precision: str,
    threads: int,
    *,
    device: Path | None,
    quantum: int | None,
    tell: Tell,
) -> tuple[Gauge, int]:
    """The latencies of versions of `architecture` in a setting, and the quantum of their widths.

    With `device`, the profile of one that is not here, they are those of its latency table; otherwise they are measured
    here, and the table is kept in `folder`. Where `quantum` is not given it is the profile's, or a short sweep finds
    it. Raises `EdgewiseError` for a profile without a table of that setting, and a runtime that is not installed.
    """
    if device is not None:
        profile = DeviceProfile.read(device)
        table = _table(profile, runtime, precision, threads)
        return Expecting(table), quantum or profile.quantum(runtime, precision) or 8
    version = installed_runtime(runtime).version()
    path = folder / TABLE
    found = quantum or quantum_of(path, runtime, precision)
    if found is None:
        tell(f"finding the channel quantum of {runtime} {precision}")
        probes = folder / "probes"
        swept = measure_quantum("pointwise", sweeps("pointwise", 30.0), Probed(runtime, precision, probes), 8.0)
        DeviceProfile.opened(path, describe_machine()).with_entry(swept).write(path)
        found = swept.channels
    tell(f"widths are multiples of {found}")
    return Measuring(architecture, Setting(runtime, version, precision, threads), path, found, tell), found


def _table(profile: DeviceProfile, runtime: str, precision: str, threads: int) -> LatencyTable:
    tables = tables_of(profile)
    for one in tables:
        if (one.setting.runtime, one.setting.precision, one.setting.threads) == (runtime, precision, threads):
            return one
    have = "; ".join(str(one.setting) for one in tables) or "none at all"
    raise EdgewiseError(
        f"the device profile has no latency table for {runtime} {precision}, {threads} threads; it has {have}"
    )
