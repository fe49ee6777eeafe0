"""`device`: what this machine can do, measured once and kept in one file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.devices import describe_machine, find_runtime, installed_runtime, runtime_names
from edgewise.devices.machine import available_cores
from edgewise.devices.profile import Bandwidth, DeviceProfile, Entry, Overhead, Peak, Quantum, arithmetic_of
from edgewise.devices.runtimes import check_precision
from edgewise.errors import EdgewiseError
from edgewise.profiling import (
    KINDS,
    Setting,
    check_figure,
    measure_bandwidth,
    measure_overhead,
    measure_peak,
    measure_quantum,
    sweeps,
    write_staircases,
)
from edgewise.verbs.checks import at_least

SECONDS, QUICK_SECONDS = 120.0, 30.0
"""About how long a whole profile takes, by default and when it has to be quick."""

Progress = Callable[[int, int, str], None]
"""Called before each measurement with how many are done, how many there are, and what comes."""

_MEASURING = 0.5
"""The share of a profile's time that is spent measuring; the rest goes into building and loading."""

_SHARES = {Bandwidth: 0.06, Peak: 0.2, Overhead: 0.1, Quantum: 0.64}


@dataclass(frozen=True)
class Profiled:
    """A finished profile and the file it is in; how many of its measurements were made now and how many kept from
    before; a sentence for each that failed."""

    path: Path
    profile: DeviceProfile
    measured: int
    kept: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """One measurement: what kind of entry it gives and under which key, and how it is made in so many seconds."""

    label: str
    kind: type[Entry]
    key: tuple[object, ...]
    runtime: str | None
    measure: Callable[[float], Entry]


def profile_device(
    out: str | Path,
    *,
    runtimes: Sequence[str] | None = None,
    precisions: Sequence[str] | None = None,
    threads: Sequence[int] | None = None,
    seconds: float = SECONDS,
    again: bool = False,
    figure: str | Path | None = None,
    progress: Progress | None = None,
) -> Profiled:
    """Measures this machine and writes its profile to `out`: peaks by precision and threads, bandwidth by cache level,
    and for each runtime and precision the overhead of an op and the channel quantum.

    By default in all `runtimes` that are installed and take ONNX files, in all their `precisions` (but `int8+bf16`,
    which multiplies as int8 does), peaks on 1 thread and on all usable cores. Every measurement is written as soon as
    it is made; the same call goes on where it was, and measures anew what was measured for less `seconds` or in another
    version of a runtime. `again` measures everything anew; sections of others in the file stay. `figure` is an SVG file
    for the staircases. What a runtime or the CPU cannot do is left out with a note.

    Raises `EdgewiseError` where a runtime is unknown or not installed, none of them has a precision, `out` is damaged
    or of another machine, `figure` is named otherwise, or nothing could be measured.
    """
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    for number in threads or ():
        at_least(1, {"threads": number})
    if figure is not None:
        check_figure(Path(figure))
    settings = _settings(runtimes, precisions)
    path = Path(out)
    profile = _begun(path, again)
    asked = tuple(dict.fromkeys(threads or (1, available_cores())))
    measured, kept, notes = 0, 0, list[str]()
    with TemporaryDirectory() as folder:
        parts = list(_parts(settings, asked, Path(folder), seconds))
        for done, part in enumerate(parts):
            if not again and _is_kept(profile, part, seconds):
                kept += 1
                continue
            if progress is not None:
                progress(done, len(parts), part.label)
            given = _MEASURING * seconds * _SHARES[part.kind] / sum(one.kind is part.kind for one in parts)
            try:
                entry = part.measure(given)
            except EdgewiseError as error:
                notes.append(f"{part.label} left out: {error}")
                continue
            profile = profile.with_entry(replace(entry, seconds=seconds))
            profile.write(path)
            measured += 1
        if progress is not None:
            progress(len(parts), len(parts), "")
    if not profile.peaks:
        raise EdgewiseError(notes[0] if notes else "nothing was measured; name a runtime that is installed")
    if figure is not None:
        write_staircases(profile.quanta, Path(figure))
    return Profiled(path, profile, measured, kept, tuple(notes))


def _begun(path: Path, again: bool) -> DeviceProfile:
    """What there is already; with `again` only what other parts of edgewise keep in the file."""
    here = describe_machine()
    profile = DeviceProfile.opened(path, here)
    return replace(DeviceProfile.of(here), others=profile.others) if again else profile


def _settings(runtimes: Sequence[str] | None, precisions: Sequence[str] | None) -> list[tuple[str, str]]:
    """The runtimes and precisions to measure in."""
    # Probes by the hundred are built in milliseconds as ONNX files; other artifacts take seconds each.
    ready = [name for name in runtime_names() if (it := find_runtime(name)).version() and it.suffix == ".onnx"]
    names = list(dict.fromkeys(runtimes or ready))
    if not names:
        raise EdgewiseError(f"no runtime is installed; install one with: {find_runtime('onnxruntime').install_hint}")
    found: list[tuple[str, str]] = []
    for name in names:
        runtime = installed_runtime(name)
        has = [one for one in runtime.precisions if precisions is not None or arithmetic_of(one) == one]
        found += [(name, one) for one in has if precisions is None or one in precisions]
    for precision in precisions or ():
        if all(precision != one for _, one in found):
            check_precision(installed_runtime(names[0]), precision)
    return found


def _parts(
    settings: Sequence[tuple[str, str]], threads: Sequence[int], folder: Path, seconds: float
) -> Iterator[_Part]:
    """Everything there is to measure, in order: what is wanted most comes first."""
    yield _Part("bandwidth", Bandwidth, (), None, measure_bandwidth)
    for number in threads:
        for runtime, precision in settings:
            if arithmetic_of(precision) == precision:
                setting = Setting(runtime, precision, folder, number)
                label = f"{runtime} {precision} peak on {number} thread{'s' if number > 1 else ''}"
                yield _Part(label, Peak, (runtime, precision, number), runtime, partial(measure_peak, setting))
    for runtime, precision in settings:
        setting = Setting(runtime, precision, folder)
        for kind in KINDS:
            yield _Part(
                f"{runtime} {precision} {kind} quantum",
                Quantum,
                (runtime, precision, kind),
                runtime,
                partial(measure_quantum, kind, sweeps(kind, seconds), setting),
            )
        yield _Part(
            f"{runtime} {precision} overhead",
            Overhead,
            (runtime, precision),
            runtime,
            partial(measure_overhead, setting),
        )


def _is_kept(profile: DeviceProfile, part: _Part, seconds: float) -> bool:
    """Whether the profile has the measurement, made with as much time and in the runtime's version of now."""
    version = None if part.runtime is None else find_runtime(part.runtime).version()
    return any(
        isinstance(one, part.kind)
        and one.key == part.key
        and one.seconds >= seconds
        and getattr(one, "runtime_version", None) == version
        for one in profile.entries
    )
