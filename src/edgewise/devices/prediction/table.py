"""The latency table: what rows take inside whole networks, and what whole networks take, in one setting of one device.

Tables stand in the device profile (`devices.profile`), in its section `latency`: an object with `version` and `tables`,
one for each setting (runtime, its version, precision, threads). A table has `entries` and `networks`. An entry is a row
on an input shape, and for each time it was timed the digest of the network it stood in and the µs that each of its
units (`costs.units`) took there, and in how many kernels. A network is an architecture with `rounds_ms`, its time in ms
in each round of measuring (CPU time of the one thread, wall time of several); `traced` counts those in which its rows
were timed.
All that is in a table was measured; tables of one setting and device can be merged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from edgewise.blocks import ROWS, Row
from edgewise.costs.units import Reads, reads_of
from edgewise.devices.intervals import quantile
from edgewise.devices.prediction.attribution import UnitTime
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.papers.encoding import decode_row, encode

SECTION = "latency"
VERSION = 1

TYPICAL = 0.2
"""The quantile of times that stands for them all: the reading of a busy machine that is closest to a quiet one's."""

_ROW_TYPES = {row.__name__: row for row in ROWS}


@dataclass(frozen=True)
class Setting:
    """What times depend on besides the network and the machine."""

    runtime: str
    runtime_version: str | None
    precision: str
    threads: int

    def __str__(self) -> str:
        version = f" {self.runtime_version}" if self.runtime_version else ""
        return f"{self.runtime}{version} {self.precision}, {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class Occurrence:
    """The times of a row's units in one trace of the network of digest `network`."""

    network: str
    units: tuple[UnitTime, ...]

    @property
    def us(self) -> float:
        return sum(unit.us for unit in self.units)

    @property
    def kernels(self) -> int:
        return sum(unit.kernels for unit in self.units)


@dataclass(frozen=True)
class Entry:
    """A row on the shapes of what it reads, and the times of its units inside each network it was timed in."""

    row: Row
    reads: Reads
    times: tuple[Occurrence, ...]

    @property
    def key(self) -> str:
        return row_key(self.row, self.reads)


@dataclass(frozen=True)
class MeasuredNetwork:
    """A network and its time in each round, in ms; `traced` is the number of rounds in which its rows were timed."""

    architecture: Architecture
    rounds_ms: tuple[float, ...]
    traced: int = 0

    @property
    def ms(self) -> float:
        """The time that stands for all rounds."""
        return quantile(self.rounds_ms, TYPICAL)


@dataclass(frozen=True)
class LatencyTable:
    """All that was measured in one setting of one device: entries by the key of their row, networks by digest."""

    setting: Setting
    entries: Mapping[str, Entry] = field(default_factory=dict)
    networks: Mapping[str, MeasuredNetwork] = field(default_factory=dict)

    def with_round(self, architecture: Architecture, ms: float) -> LatencyTable:
        """The table with one more round of a network."""
        known = self.networks.get(architecture.digest, MeasuredNetwork(architecture, ()))
        known = replace(known, rounds_ms=(*known.rounds_ms, ms))
        return replace(self, networks={**self.networks, architecture.digest: known})

    def with_trace(self, architecture: Architecture, rows: Sequence[Sequence[UnitTime]]) -> LatencyTable:
        """The table with the times of a network's rows in one round: for each row, those of its units."""
        entries = dict(self.entries)
        for row, reads, times in zip(architecture.rows, reads_of(architecture), rows, strict=True):
            key = row_key(row, reads)
            known = entries.get(key, Entry(row, reads, ()))
            entries[key] = replace(known, times=(*known.times, Occurrence(architecture.digest, tuple(times))))
        known = self.networks.get(architecture.digest, MeasuredNetwork(architecture, ()))
        networks = {**self.networks, architecture.digest: replace(known, traced=known.traced + 1)}
        return replace(self, entries=entries, networks=networks)

    def merged(self, other: LatencyTable) -> LatencyTable:
        """Both tables in one. Raises `EdgewiseError` where they are of different settings."""
        if self.setting != other.setting:
            raise EdgewiseError(
                f"a table of {other.setting} cannot be merged into one of {self.setting}; keep them in two files"
            )
        entries = dict(self.entries)
        for key, entry in other.entries.items():
            mine = entries.get(key, Entry(entry.row, entry.reads, ()))
            entries[key] = replace(mine, times=mine.times + entry.times)
        networks = dict(self.networks)
        for digest, network in other.networks.items():
            mine = networks.get(digest, MeasuredNetwork(network.architecture, ()))
            networks[digest] = replace(
                mine, rounds_ms=mine.rounds_ms + network.rounds_ms, traced=mine.traced + network.traced
            )
        return replace(self, entries=entries, networks=networks)

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON's types."""
        return {
            "setting": asdict(self.setting),
            "entries": [
                {
                    "row": encode(entry.row),
                    "input": list(entry.reads.input),
                    **({"elsewhere": dict(entry.reads.elsewhere)} if entry.reads.elsewhere else {}),
                    "times": [
                        {"network": one.network, "units": [[round(unit.us, 2), unit.kernels] for unit in one.units]}
                        for one in entry.times
                    ],
                }
                for entry in self.entries.values()
            ],
            "networks": [
                {
                    "architecture": network.architecture.to_dict(),
                    "rounds_ms": [round(ms, 5) for ms in network.rounds_ms],
                    "traced": network.traced,
                }
                for network in self.networks.values()
            ],
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> LatencyTable:
        """The inverse of `to_dict`. Raises `EdgewiseError` for a damaged one."""
        try:
            entries = [_entry(one) for one in body["entries"]]
            networks = [_network(one) for one in body["networks"]]
            setting = _setting(body["setting"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise EdgewiseError(f"a latency table is damaged ({error!r})") from None
        return cls(
            setting,
            {entry.key: entry for entry in entries},
            {network.architecture.digest: network for network in networks},
        )


def tables_of(profile: DeviceProfile) -> list[LatencyTable]:
    """The latency tables of a device. Raises `EdgewiseError` where they are damaged or of a newer edgewise."""
    return [LatencyTable.from_dict(one) for one in _bodies(profile)]


def _bodies(profile: DeviceProfile) -> list[dict[str, Any]]:
    """The tables as JSON's types; raises as `tables_of` does, as far as it looks."""
    section = profile.others.get(SECTION)
    if section is None:
        return []
    if not isinstance(section, dict) or not isinstance(section.get("version"), int):
        raise EdgewiseError("the latency tables of the device profile do not say which version they are; measure again")
    if section["version"] > VERSION:
        raise EdgewiseError("the latency tables of the device profile are a newer edgewise's; upgrade edgewise")
    tables = section.get("tables")
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise EdgewiseError("the latency tables of the device profile are damaged; measure again")
    return tables


def table_of(profile: DeviceProfile, setting: Setting) -> LatencyTable:
    """The table of that setting, empty where the profile has none."""
    return next((one for one in tables_of(profile) if one.setting == setting), LatencyTable(setting))


def with_table(profile: DeviceProfile, table: LatencyTable) -> DeviceProfile:
    """The profile with the table in place of the one of the same setting."""
    # As they stand in the file: a table that fills is written every few seconds, and reading others takes longer.
    others = [one for one in _bodies(profile) if one.get("setting") != asdict(table.setting)]
    return profile.with_section(SECTION, {"version": VERSION, "tables": [*others, table.to_dict()]})


def row_key(row: Row, reads: Reads) -> str:
    """The same for the same row on the same input, in whatever network."""
    return json.dumps([encode(row), reads.input, *([dict(reads.elsewhere)] if reads.elsewhere else [])])


def _setting(body: Mapping[str, Any]) -> Setting:
    version = body["runtime_version"]
    return Setting(
        str(body["runtime"]), None if version is None else str(version), str(body["precision"]), int(body["threads"])
    )


def _entry(body: Mapping[str, Any]) -> Entry:
    times = tuple(
        Occurrence(
            str(one["network"]),
            tuple(
                UnitTime(us, int(kernels))
                for (_, kernels), us in zip(one["units"], _times([us for us, _ in one["units"]]), strict=True)
            ),
        )
        for one in body["times"]
    )
    row = decode_row(body["row"], _ROW_TYPES, "the row of an entry")
    elsewhere = tuple((str(name), _shape(shape)) for name, shape in body.get("elsewhere", {}).items())
    return Entry(row, Reads(_shape(body["input"]), elsewhere), times)


def _shape(body: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(extent) for extent in body)


def _network(body: Mapping[str, Any]) -> MeasuredNetwork:
    architecture = Architecture.from_dict(body["architecture"])
    return MeasuredNetwork(architecture, tuple(_times(body["rounds_ms"])), int(body["traced"]))


def _times(values: Sequence[Any]) -> list[float]:
    times = [float(value) for value in values]
    if not all(math.isfinite(value) and value >= 0 for value in times):
        raise EdgewiseError("a time is negative or no number")
    return times
