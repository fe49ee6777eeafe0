"""How fast one artifact is, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

from edgewise.devices.blocks import Block
from edgewise.devices.intervals import is_narrow, median_interval, quantile
from edgewise.devices.runtimes import find_runtime
from edgewise.devices.variants import Variant
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class Latency:
    """Time per inference of one artifact in one runtime, in milliseconds of wall time.

    `median_ms` is the median of the rounds' medians and `low_ms` to `high_ms` its 95% interval (see `intervals`; it
    speaks for the machine in the state it was in while measuring). With one thread, iterations that other work took
    the core from are left out of a round's median, as far as the round has others. `p10_ms` is the tenth percentile
    of all iterations. `spread` is the interquartile range of the rounds' medians as a share of `median_ms`.
    `cpu_median_ms` is thread CPU time, for one thread only. `disturbed` counts the blocks measured again because
    other work held them up; `unquiet` of the rounds kept were still disturbed after that. `settled` says that the
    interval became as narrow as was asked for. `precision` is what the runtime computed in. A `predicted` latency was
    never measured: it is for another device, its interval the one that 95% of predictions are right within.
    """

    name: str
    median_ms: float
    p10_ms: float
    low_ms: float
    high_ms: float
    spread: float
    rounds: int
    iterations: int
    cpu_median_ms: float | None
    disturbed: int
    unquiet: int
    settled: bool
    runtime: str
    threads: int
    precision: str = "fp32"
    runtime_version: str | None = None
    predicted: bool = False

    def overlaps(self, other: Latency) -> bool:
        """Whether the two intervals share a point: the two are then the same within noise."""
        return self.low_ms <= other.high_ms and other.low_ms <= self.high_ms

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ready for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Latency:
        """The inverse of `to_json`. Raises `EdgewiseError` when fields are missing or unknown."""
        names = {field.name for field in fields(cls)}
        if content.keys() != names:
            odd = ", ".join(sorted(content.keys() ^ names))
            raise EdgewiseError(f"a latency was written by another version of edgewise (fields {odd}); measure again")
        return cls(**content)


def summarise(variant: Variant, blocks: Sequence[Block], *, width: float, disturbed: int) -> Latency:
    """The latency that `blocks`, one per round, amount to; `settled` if the interval is no wider than `width` times
    the median."""
    threads = variant.threads
    medians = [block.median_ms(threads) for block in blocks]
    cpu_medians = [block.cpu_median_ms for block in blocks]
    middle = median(medians)
    low, high = median_interval(medians)
    return Latency(
        name=variant.name,
        median_ms=middle,
        p10_ms=quantile([ns / 1e6 for block in blocks for ns in block.wall_ns], 0.1),
        low_ms=low,
        high_ms=high,
        spread=(quantile(medians, 0.75) - quantile(medians, 0.25)) / middle,
        rounds=len(blocks),
        iterations=sum(len(block.wall_ns) for block in blocks),
        cpu_median_ms=median(ms for ms in cpu_medians if ms is not None)
        if threads == 1 and None not in cpu_medians
        else None,
        disturbed=disturbed,
        unquiet=sum(block.is_disturbed(threads) for block in blocks),
        settled=is_narrow(medians, width),
        runtime=variant.runtime,
        threads=threads,
        precision=variant.precision,
        runtime_version=find_runtime(variant.runtime).version(),
    )
