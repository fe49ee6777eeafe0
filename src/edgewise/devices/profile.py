"""The device profile: what one device can do at most, as one JSON file. Data, reading and writing; no measuring here.

The file is an object with `format`, `version`, the `machine`, and one section for each kind of measurement. Sections
this version does not know (the latency table, what a later edgewise adds) are kept as they are when a profile is read,
changed and written again. A change that an older reader would misread raises `version`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

from edgewise.devices.machine import Machine
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.version import VERSION

FORMAT = "edgewise device profile"
FORMAT_VERSION = 1

_ARITHMETIC = {"int8+bf16": "int8"}
"""The precision that convolutions are multiplied in, where it is another one's."""

_T = TypeVar("_T")


def arithmetic_of(precision: str) -> str:
    """The precision that convolutions are multiplied in under `precision`: `int8` for `int8+bf16`."""
    return _ARITHMETIC.get(precision, precision)


def _positive(what: str, *values: float) -> None:
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise EdgewiseError(f"{what} must be positive numbers, not {', '.join(f'{value:g}' for value in values)}")


@dataclass(frozen=True)
class Peak:
    """The most multiply-adds per second that a runtime reached in one precision on so many threads.

    `probe` names the network it was reached on, `probes` has the rate of every one tried. `unquiet` is the share of
    rounds that other work disturbed, `seconds` the time the whole profile was given.
    """

    runtime: str
    precision: str
    threads: int
    multiply_adds_per_second: float
    probe: str
    probes: dict[str, float]
    runtime_version: str | None
    unquiet: float
    seconds: float

    def __post_init__(self) -> None:
        _positive("peaks", self.multiply_adds_per_second, self.threads, *self.probes.values())

    @property
    def key(self) -> tuple[object, ...]:
        return self.runtime, self.precision, self.threads


@dataclass(frozen=True)
class Overhead:
    """What an op and an inference cost beside their arithmetic, in µs, on one thread.

    The slope and the intercept of a line through `points`, (ops, µs), of networks of that many tiny ops. Either may be
    slightly below 0 where it is too small to measure. `op` says what the ops are.
    """

    runtime: str
    precision: str
    op: str
    per_op_us: float
    per_inference_us: float
    points: tuple[tuple[int, float], ...]
    runtime_version: str | None
    unquiet: float
    seconds: float

    @property
    def key(self) -> tuple[object, ...]:
        return self.runtime, self.precision


@dataclass(frozen=True)
class SweptWidth:
    """One width of a sweep: the time of a network of convolutions of that width on maps of `side` × `side`, in µs.

    `us` is the tenth percentile of the iterations, which other work that only ever adds time moves least; `median_us`
    the median of the rounds' medians.
    """

    width: int
    side: int
    us: float
    median_us: float

    def __post_init__(self) -> None:
        _positive("the widths and times of a sweep", self.width, self.side, self.us, self.median_us)


@dataclass(frozen=True)
class Quantum:
    """The step of the staircase that time is over the width of a convolution, on one thread.

    `kind` is `pointwise` or `depthwise`. Widths that are no multiple of `channels` cost about as much as the next
    multiple, or more: `penalty` is the median, over the widths swept that are none, of their time to that of the next
    multiple. `shares` has how much of a whole step each quantum tried shows: 0 on a straight line, 1 on a staircase,
    more where widths off it are slower. `sweep` is all that was measured.
    """

    runtime: str
    precision: str
    kind: str
    channels: int
    penalty: float | None
    shares: dict[int, float]
    sweep: tuple[SweptWidth, ...]
    runtime_version: str | None
    unquiet: float
    seconds: float

    def __post_init__(self) -> None:
        _positive("channel quanta", self.channels)

    @property
    def key(self) -> tuple[object, ...]:
        return self.runtime, self.precision, self.kind


@dataclass(frozen=True)
class Level:
    """A cache, or the memory behind the last: bytes per second that one thread reads from it, and copies within it
    (bytes read plus bytes written). `size_bytes` is None for memory and where the system does not say."""

    name: str
    size_bytes: int | None
    read_bytes_per_second: float
    copy_bytes_per_second: float

    def __post_init__(self) -> None:
        _positive("bandwidths", self.read_bytes_per_second, self.copy_bytes_per_second)


@dataclass(frozen=True)
class Bandwidth:
    """Bandwidth by level, and the ladder of buffers it was found on: (bytes, read, copied), in bytes per second.

    It is what numpy's loops reach, a lower bound of what the hardware has.
    """

    levels: tuple[Level, ...]
    ladder: tuple[tuple[int, float, float], ...]
    seconds: float

    @property
    def key(self) -> tuple[object, ...]:
        return ()


Entry = Peak | Overhead | Quantum | Bandwidth
"""One finished measurement of a profile."""

_SECTIONS: Mapping[str, type] = {"bandwidth": Bandwidth, "peaks": Peak, "overheads": Overhead, "quanta": Quantum}
"""The sections of measurements: lists, each entry with a key of its own."""

_HEAD = ("format", "version", "edgewise", "machine")


@dataclass(frozen=True)
class DeviceProfile:
    """What one device can do. `machine` has the fields of `Machine` but for the runtime's; `others` the sections that
    this class knows nothing of, by name."""

    machine: Mapping[str, Any]
    entries: tuple[Entry, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, machine: Machine) -> DeviceProfile:
        """An empty profile of a machine."""
        content = machine.to_json()
        return cls({name: value for name, value in content.items() if not name.startswith("runtime")})

    @classmethod
    def opened(cls, path: Path, machine: Machine) -> DeviceProfile:
        """The profile at `path`, an empty one where there is none yet. Raises `EdgewiseError` as `read` does, and where
        it is of another device than `machine`."""
        wanted = cls.of(machine)
        if not path.exists():
            return wanted
        # The file is about to be written, and whatever is in it instead of a profile is the user's.
        profile = cls._parsed(path, "choose another file")
        if not profile.same_device(wanted):
            has, not_of = (f"{one.machine.get('cpu')}, {one.machine.get('cores')} cores" for one in (profile, wanted))
            raise EdgewiseError(f"{path} is the profile of another device ({has}, not {not_of}); choose another file")
        return profile

    @classmethod
    def read(cls, path: Path) -> DeviceProfile:
        """Reads what `write` wrote. Raises `EdgewiseError` where there is no file, or it is no device profile, damaged,
        or of a newer version."""
        return cls._parsed(path, "choose another file, or measure or import it again")

    @classmethod
    def _parsed(cls, path: Path, advice: str) -> Self:
        """As `read`; `advice` is what to do where the file cannot be used."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise EdgewiseError(
                f"there is no device profile {path}; measure one with: edgewise device profile {path}"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(path, str(error), advice) from None
        try:
            content = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise _unusable(path, f"it is no JSON: {error}", advice) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise _unusable(path, "its JSON is something else", advice)
        version = content.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise _unusable(path, "it does not say which version of a device profile it is", advice)
        if version > FORMAT_VERSION:
            raise EdgewiseError(
                f"{path} is a device profile of version {version} and this edgewise reads up to {FORMAT_VERSION}; "
                "upgrade edgewise"
            )
        machine = content.get("machine")
        if not isinstance(machine, dict):
            raise _unusable(path, "it does not say of which machine it is", advice)
        try:
            entries = tuple(one for name, kind in _SECTIONS.items() for one in _section(name, kind, content.get(name)))
        except EdgewiseError as error:
            raise _unusable(path, str(error), advice) from None
        others = {name: value for name, value in content.items() if name not in (*_HEAD, *_SECTIONS)}
        return cls(machine, entries, others)

    def to_json(self) -> dict[str, Any]:
        """What `write` writes."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "edgewise": VERSION,
            "machine": dict(self.machine),
        }
        for name, kind in _SECTIONS.items():
            if kept := [asdict(one) for one in self.entries if isinstance(one, kind)]:
                content[name] = kept
        return content | dict(self.others)

    def write(self, path: Path) -> None:
        """Writes the profile, whole or not at all."""
        write_text(path, json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")

    def same_device(self, other: DeviceProfile) -> bool:
        """Whether both are of one kind of machine: processor, architecture and cores. Systems and load may differ."""
        return all(self.machine.get(name) == other.machine.get(name) for name in ("cpu", "architecture", "cores"))

    def with_entry(self, entry: Entry) -> Self:
        """The profile with one more measurement, in place of the one of the same kind and key if there is one."""
        kept = [one for one in self.entries if not (isinstance(one, type(entry)) and one.key == entry.key)]
        order = tuple(_SECTIONS.values())
        return replace(self, entries=tuple(sorted((*kept, entry), key=lambda one: order.index(type(one)))))

    def with_section(self, name: str, content: Any) -> Self:
        """The profile with a section of another part of edgewise, JSON's types. Raises `EdgewiseError` for a name that
        is taken."""
        if name in (*_HEAD, *_SECTIONS):
            raise EdgewiseError(f"the section {name!r} of a device profile is the profile's own; choose another name")
        return replace(self, others={**self.others, name: content})

    @property
    def peaks(self) -> tuple[Peak, ...]:
        return self._all(Peak)

    @property
    def overheads(self) -> tuple[Overhead, ...]:
        return self._all(Overhead)

    @property
    def quanta(self) -> tuple[Quantum, ...]:
        return self._all(Quantum)

    @property
    def bandwidth(self) -> Bandwidth | None:
        return next(iter(self._all(Bandwidth)), None)

    def best_peak(self, precision: str, threads: int) -> Peak | None:
        """The highest peak of a precision on so many threads, in whatever runtime; None where none was measured.

        `int8+bf16` has the peak of `int8`, which its convolutions are computed in.
        """
        asked = arithmetic_of(precision), threads
        found = [one for one in self.peaks if (one.precision, one.threads) == asked]
        return max(found, key=lambda one: one.multiply_adds_per_second, default=None)

    def peak(self, precision: str, threads: int) -> float | None:
        """The highest peak of a precision on so many threads in multiply-adds per second, None where not measured."""
        best = self.best_peak(precision, threads)
        return None if best is None else best.multiply_adds_per_second

    def quantum(self, runtime: str, precision: str, kind: str = "pointwise") -> int | None:
        """The step of widths, in channels, that the runtime computes in at that precision; None where not measured.

        `int8+bf16` has `int8`'s where it was not measured itself.
        """
        steps = {(one.runtime, one.precision): one.channels for one in self.quanta if one.kind == kind}
        return steps.get((runtime, precision), steps.get((runtime, arithmetic_of(precision))))

    def _all(self, kind: type[_T]) -> tuple[_T, ...]:
        return tuple(one for one in self.entries if isinstance(one, kind))


def _section(name: str, kind: type, content: object) -> list[Any]:
    """The entries of one section; of two with one key the later."""
    from pydantic import TypeAdapter, ValidationError  # here: a tenth of a second that only reading needs

    if content is None:
        return []
    if not isinstance(content, list):
        raise EdgewiseError(f"its section {name!r} is no list")
    adapter = TypeAdapter(kind)
    names = {one.name for one in fields(kind)}
    found: dict[object, Any] = {}
    for index, body in enumerate(content):
        if not isinstance(body, dict) or body.keys() != names:
            odd = ", ".join(sorted(body.keys() ^ names)) if isinstance(body, dict) else "all of them"
            raise EdgewiseError(f"entry {index} of its section {name!r} lacks fields or has others ({odd})")
        try:
            entry = adapter.validate_python(body)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise EdgewiseError(f"entry {index} of its section {name!r}: {place}: {first['msg'].lower()}") from None
        found[entry.key] = entry
    return list(found.values())


def _unusable(path: Path, problem: str, advice: str) -> EdgewiseError:
    return EdgewiseError(f"{path} is no device profile, or a damaged one ({problem}); {advice}")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
