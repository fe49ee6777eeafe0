"""What `bench --throughput` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgewise.devices import Machine
from edgewise.devices.throughput import Rate

STREAMS, BATCHES, ONE = "streams", "batches", "one stream"


@dataclass(frozen=True)
class Throughput:
    """One artifact in one runtime and precision: as `streams` of one thread each, as one of them, and as batches split
    over as many threads, None where the artifact or the runtime takes none."""

    name: str
    runtime: str
    precision: str
    streams: Rate
    one: Rate
    batch: Rate | None

    @property
    def best(self) -> tuple[str, ...]:
        """The way that gives the most images per second, and those that are the same within noise."""
        ways = {STREAMS: self.streams, BATCHES: self.batch, ONE: self.one}
        known = {name: rate for name, rate in ways.items() if rate is not None}
        most = max(known.values(), key=lambda rate: rate.images_per_second)
        return tuple(name for name, rate in known.items() if rate.overlaps(most))

    @property
    def sentence(self) -> str:
        """What came of it, said plainly."""
        count = self.streams.way.streams
        said = f"{count} streams give {self.streams.images_per_second / self.one.images_per_second:.2f}× one stream"
        if self.batch is not None:
            times = self.batch.images_per_second / self.one.images_per_second
            said += f", batches of {self.batch.way.batch} on {count} threads {times:.2f}×"
        first, *level = self.best
        if level:
            return f"{said}: {' and '.join(self.best)} are level within noise"
        return f"{said}: {first} {'wins' if first == ONE else 'win'}"

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ready for `json.dumps`."""
        return {
            "name": self.name,
            "runtime": self.runtime,
            "precision": self.precision,
            "streams": self.streams.to_json(),
            "one": self.one.to_json(),
            "batch": self.batch.to_json() if self.batch is not None else None,
            "best": list(self.best),
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Throughputs:
    """All that was measured, the most images per second first; what was left out is in `notes`, a sentence each."""

    rows: tuple[Throughput, ...]
    machine: Machine
    streams: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": self.machine.to_json(),
            "notes": list(self.notes),
            "rows": [row.to_json() for row in self.rows],
        }
