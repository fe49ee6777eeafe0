"""Timing probes: built for one runtime and precision, then measured side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise.deploy import build, random_tensors
from edgewise.devices import Latency, Variant, measure_variants, screen
from edgewise.papers import Architecture

_BLOCK_SECONDS = 0.02
_ROUNDS = 6


@dataclass(frozen=True)
class Setting:
    """Where probes run: a runtime, a precision it has, threads; and the folder their artifacts are kept in."""

    runtime: str
    precision: str
    folder: Path
    threads: int = 1


Timer = Callable[[Sequence[Architecture], Setting, float], dict[str, Latency]]
"""Tells the latencies of probes, by name, in a setting and about so many seconds, as `timed` does."""


def timed(probes: Sequence[Architecture], setting: Setting, seconds: float) -> dict[str, Latency]:
    """Latencies by the probes' names, interleaved, in about `seconds` and what building and loading take.

    Where that is too short for six rounds of ordinary blocks, six rounds of short ones are made. Raises `EdgewiseError`
    where the runtime cannot do it.
    """
    paths = {
        probe.name: build(
            probe,
            random_tensors(probe),
            setting.folder,
            probe.name,
            runtime=setting.runtime,
            precision=setting.precision,
        )
        for probe in probes
    }
    if seconds < _ROUNDS * _BLOCK_SECONDS * len(paths):
        found = screen(paths, runtime=setting.runtime, precision=setting.precision, threads=setting.threads)
    else:
        variants = [
            Variant(name, path, setting.runtime, setting.precision, setting.threads) for name, path in paths.items()
        ]
        found = measure_variants(variants, max_seconds=seconds)
    return {latency.name: latency for latency in found}


def unquiet(latencies: Sequence[Latency]) -> float:
    """The share of rounds that other work disturbed and that were kept all the same."""
    return sum(one.unquiet for one in latencies) / sum(one.rounds for one in latencies)
