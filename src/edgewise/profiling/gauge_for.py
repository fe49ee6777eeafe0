"""Which gauge and which quantum a run has: a device's profile, or measurements on this machine."""

from __future__ import annotations

from pathlib import Path

from edgewise.devices import describe_machine, installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.prediction.table import LatencyTable, tables_of
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling import Setting as Probed
from edgewise.profiling import measure_quantum, sweeps
from edgewise.profiling.gauge import Expecting, Gauge, Measuring, Others
from edgewise.tasks import Tell

TABLE = "device.json"

_QUANTUM = 8


def gauge_for(
    folder: Path,
    architecture: Architecture,
    runtime: str,
    precision: str,
    threads: int,
    *,
    device: Path | None,
    others: Others,
    tell: Tell,
) -> Gauge:
    """The latencies of `architecture` and of networks like it in a setting.

    With `device`, the profile of one that is not here, they are those of its latency table; otherwise they are measured
    here, and the table, of `architecture` and `others`, is kept in `folder`. Raises `EdgewiseError` for a profile
    without a table of that setting, and a runtime that is not installed.
    """
    if device is not None:
        return Expecting(_table(DeviceProfile.read(device), runtime, precision, threads))
    setting = Setting(runtime, installed_runtime(runtime).version(), precision, threads)
    return Measuring(architecture, setting, folder / TABLE, others, tell)


def quantum_for(folder: Path, runtime: str, precision: str, *, device: Path | None, tell: Tell) -> int:
    """Of what widths should be multiples: by the profile `device`, or a short sweep here that is kept in `folder`."""
    if device is not None:
        return DeviceProfile.read(device).quantum(runtime, precision) or _QUANTUM
    path = folder / TABLE
    found = _quantum_of(path, runtime, precision)
    if found is None:
        tell(f"finding the channel quantum of {runtime} {precision}")
        probes = folder / "probes"
        swept = measure_quantum("pointwise", sweeps("pointwise", 30.0), Probed(runtime, precision, probes), 8.0)
        DeviceProfile.opened(path, describe_machine()).with_entry(swept).write(path)
        found = swept.channels
    tell(f"widths are multiples of {found}")
    return found


def _quantum_of(path: Path, runtime: str, precision: str) -> int | None:
    """The channel quantum that the device profile `path` has for pointwise convolutions, if it has one."""
    if not path.exists():
        return None
    return DeviceProfile.opened(path, describe_machine()).quantum(runtime, precision)


def _table(profile: DeviceProfile, runtime: str, precision: str, threads: int) -> LatencyTable:
    tables = tables_of(profile)
    for one in tables:
        if (one.setting.runtime, one.setting.precision, one.setting.threads) == (runtime, precision, threads):
            return one
    have = "; ".join(str(one.setting) for one in tables) or "none at all"
    raise EdgewiseError(
        f"the device profile has no latency table for {runtime} {precision}, {threads} threads; it has {have}"
    )
