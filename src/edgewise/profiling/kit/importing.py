"""From what a kit gave back to the profile of that device, with a latency table to predict from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.devices import Latency, Variant
from edgewise.devices.latency import summarise
from edgewise.devices.prediction import LatencyTable, Setting
from edgewise.devices.prediction.predictor import FEWEST
from edgewise.devices.prediction.table import table_of, with_table
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling import timing
from edgewise.profiling.filling import round_ms, times_of_rows
from edgewise.profiling.kit.making import RUNTIME
from edgewise.profiling.kit.probing import entries
from edgewise.profiling.kit.reading import Measured, Result, read_result

SECTION = "kits"
"""The section of a device profile that says which rounds of which run of a kit it holds, so that none counts twice."""

_VERSION = 1
_WIDTH = 0.03

_Rounds = dict[str, tuple[list[int], list[int]]]
"""By item, the rounds it was timed in and those it was traced in."""


@dataclass(frozen=True)
class Imported:
    """What was imported: the profile as written, the settings that latencies can be predicted in, with the number of
    networks each was measured on, and notes on what is missing. `new` counts the rounds that the profile lacked."""

    path: Path
    profile: DeviceProfile
    settings: Mapping[Setting, int]
    new: int
    notes: tuple[str, ...]


def import_result(result: Path, profile_out: Path) -> Imported:
    """Reads the result of a kit into the device profile `profile_out`, which is made, or gains what it lacks.

    A result may be imported again after more was measured: a round counts once. Raises `EdgewiseError` where the result
    is damaged, foreign or newer (`read_result`), has too few networks to predict from, or is of another device than the
    profile.
    """
    found = read_result(result)
    profile = DeviceProfile.opened(profile_out, found.machine)
    known = _known(profile, profile_out)
    taken = known.setdefault(found.run, {})
    notes: list[str] = []
    settings: dict[Setting, int] = {}
    new = 0
    for precision in dict.fromkeys(one.item.precision for one in found.measured):
        setting = Setting(RUNTIME, found.machine.runtime_version, precision, found.threads)
        networks = [one for one in found.measured if (one.item.kind, one.item.precision) == ("network", precision)]
        table, rounds, added = _filled(table_of(profile, setting), networks, taken)
        usable = sum(1 for one in table.networks.values() if one.rounds_ms and one.traced)
        if usable < FEWEST:
            notes.append(f"{precision} left out: {usable} of the {FEWEST} networks that predicting takes were measured")
            continue
        profile = with_table(profile, table)
        taken |= rounds
        settings[setting] = usable
        new += added
        profile, missing = _with_entries(profile, found, precision)
        notes += missing
    if not settings:
        raise EdgewiseError(f"{result} has too little in it ({'; '.join(notes)}); run the kit on and send it again")
    if not found.complete:
        notes.append("the kit was stopped before its end; run it on and import again for narrower errors")
    notes += [f"{file} failed on the device: {message}" for file, message in found.failures.items()]
    runs = {run: {file: list(both) for file, both in rounds.items()} for run, rounds in known.items()}
    profile = profile.with_section(SECTION, {"version": _VERSION, "runs": runs})
    profile.write(profile_out)
    return Imported(profile_out, profile, settings, new, tuple(notes))


def _known(profile: DeviceProfile, path: Path) -> dict[str, _Rounds]:
    from pydantic import TypeAdapter, ValidationError

    section = profile.others.get(SECTION, {"version": _VERSION, "runs": {}})
    try:
        runs = TypeAdapter(dict[str, _Rounds]).validate_python(section["runs"])
        version = int(section["version"])
    except (ValidationError, LookupError, TypeError, ValueError):
        raise EdgewiseError(f"{path} has a damaged section {SECTION!r}; import into another file") from None
    if version > _VERSION:
        raise EdgewiseError(f"{path} was written by a newer edgewise; upgrade edgewise")
    return runs


def _filled(table: LatencyTable, networks: Sequence[Measured], taken: _Rounds) -> tuple[LatencyTable, _Rounds, int]:
    """The table with the rounds not yet `taken`; the rounds that it has then, and how many whole ones are new."""
    rounds: _Rounds = {}
    due: list[tuple[int, int, bool]] = []
    for index, one in enumerate(networks):
        if one.failed is not None:
            continue
        blocks, traces = taken.get(one.item.file, ([], []))
        due += [(number, index, False) for number in one.blocks.keys() - set(blocks)]
        due += [(number, index, True) for number in one.traces.keys() - set(traces)]
        rounds[one.item.file] = sorted({*blocks, *one.blocks}), sorted({*traces, *one.traces})
    for number, index, traced in sorted(due):  # round after round, as they were measured
        one = networks[index]
        if traced:
            table = table.with_trace(one.architecture, times_of_rows(one.architecture, one.traces[number]))
        else:
            table = table.with_round(one.architecture, round_ms(one.blocks[number], table.setting.threads))
    added = sum(not traced for _, _, traced in due)
    return table, rounds, added


def _with_entries(profile: DeviceProfile, found: Result, precision: str) -> tuple[DeviceProfile, list[str]]:
    """The profile with the peaks, overheads and quanta of one precision, as far as their probes were measured."""
    probes = {
        one.architecture.digest: one
        for one in found.measured
        if (one.item.kind, one.item.precision) == ("block", precision) and one.failed is None and one.blocks
    }
    if not probes:
        return profile, []
    spent = sum(sum(block.wall_ns) for one in probes.values() for block in one.blocks.values()) / 1e9
    timer = _recorded(probes, found)
    notes: list[str] = []
    for label, read in entries(precision, found.threads, spent, timer):
        try:
            profile = profile.with_entry(read())
        except EdgewiseError as error:
            notes.append(f"{label} left out: {error}")
    return profile, notes


def _recorded(probes: Mapping[str, Measured], found: Result) -> timing.Timer:
    """Tells the latencies of probes from what the kit recorded of them."""

    def tell(asked: Sequence[Architecture], setting: timing.Setting, seconds: float) -> dict[str, Latency]:
        del seconds
        missing = [one.name for one in asked if one.digest not in probes]
        if missing:
            raise EdgewiseError(f"{len(missing)} of its {len(asked)} probes were not measured, {missing[0]} for one")
        return {one.name: _latency(one.name, probes[one.digest], setting, found) for one in asked}

    return tell


def _latency(name: str, one: Measured, setting: timing.Setting, found: Result) -> Latency:
    variant = Variant(name, Path(one.item.file), setting.runtime, setting.precision, setting.threads)
    blocks = [one.blocks[number] for number in sorted(one.blocks)]
    latency = summarise(variant, blocks, width=_WIDTH, disturbed=0)
    return replace(latency, runtime_version=found.machine.runtime_version)
