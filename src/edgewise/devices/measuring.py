"""Latencies measured side by side: block after block, every artifact once a round, until the intervals are narrow.

What a machine does to a measurement (clock frequency, neighbours, temperature) changes over seconds, so two artifacts
measured one after the other differ by what happened in between. In rounds, each with the artifacts in another order,
it happens to all of them, in whatever runtime and precision.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.devices.blocks import Block
from edgewise.devices.intervals import FEWEST, is_narrow
from edgewise.devices.latency import Latency, summarise
from edgewise.devices.sessions import Sessions
from edgewise.devices.variants import Variant
from edgewise.errors import EdgewiseError

Progress = Callable[[int, int, int], None]
"""Called after each round with the rounds done, the variants settled and the variants there are."""

Failed = Callable[[Variant, EdgewiseError], None]
"""Called with a variant that could not be measured, and why."""

_BLOCK_NS = 20e6
_SCREEN_BLOCK_NS = 8e6
# Stopping as soon as an interval looks narrow picks lucky samples; from twelve rounds on that costs a few percent.
FEWEST_ROUNDS = 12
_SCREEN_ROUNDS = 6
AGAIN = 2
WIDTH = 0.03


def measure(
    artifacts: Mapping[str, Path],
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    max_seconds: float = 30.0,
    width: float = WIDTH,
    progress: Progress | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """Measures artifacts, by name, in one runtime and precision, as `measure_variants` does; returns latencies in the
    order of `artifacts`. Raises `EdgewiseError` for the first that cannot be measured."""
    return measure_variants(
        [Variant(name, path, runtime, precision, threads) for name, path in artifacts.items()],
        max_seconds=max_seconds,
        width=width,
        progress=progress,
        timeout=timeout,
    )


def measure_variants(
    variants: Sequence[Variant],
    *,
    max_seconds: float = 30.0,
    width: float = WIDTH,
    progress: Progress | None = None,
    failed: Failed | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """Measures variants, interleaved, each runtime in one worker process; returns latencies in the order of `variants`.

    Every variant takes part in every round with a block of about 20 ms, until each 95% interval of the median is
    no wider than `width` times the median, at least twelve rounds, or until `max_seconds` are up (six rounds are
    made in any case, and loading does not count); `Latency.settled` says which. Inputs are random, standard normal,
    the same in every call. A block that was disturbed is measured again at the end of its round, at most twice; then
    the least disturbed attempt is kept, so a busy machine gives wide intervals rather than none. No variant is
    measured again more often than it had rounds.

    Raises `EdgewiseError` when an artifact cannot be loaded, has no fixed input shape, or when the runtime lacks the
    precision, crashes or gives no answer for `timeout` seconds. With `failed` that is told instead, and the others are
    measured without it.
    """
    if not (width > 0 and max_seconds > 0):
        raise EdgewiseError(f"width ({width}) and max_seconds ({max_seconds}) must be more than nothing")
    with Sessions(variants, timeout=timeout) as sessions:
        candidates = _candidates(variants, sessions, _BLOCK_NS, failed)
        deadline = time.monotonic() + max_seconds
        order = random.Random(0)
        done = settled = 0
        while candidates and not (settled == len(candidates) and done >= FEWEST_ROUNDS):
            enough = done >= FEWEST  # fewer rounds have no interval, and decide nothing
            if enough and time.monotonic() >= deadline:
                break
            candidates = _round(candidates, sessions, order, deadline if enough else None, failed)
            done += 1
            settled = sum(is_narrow(candidate.medians, width) for candidate in candidates)
            if progress is not None:
                progress(done, settled, len(candidates))
    return [candidate.latency(width) for candidate in candidates]


def screen(
    artifacts: Mapping[str, Path],
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    progress: Progress | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """A rough latency of each artifact, by name, in one runtime and precision, as `screen_variants` does; in the order
    of `artifacts`. Raises as `measure` does."""
    return screen_variants(
        [Variant(name, path, runtime, precision, threads) for name, path in artifacts.items()],
        progress=progress,
        timeout=timeout,
    )


def screen_variants(
    variants: Sequence[Variant],
    *,
    progress: Progress | None = None,
    failed: Failed | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """A rough latency of each variant, to choose which ones to measure; in the order of `variants`.

    Six rounds of short blocks, about 0.15 s for a small artifact; artifacts that do not fit into memory together are
    gone through in parts. The intervals are the range of the six, so rather wide. Raises as `measure_variants` does.
    """
    finished: list[_Candidate] = []
    with Sessions(variants, timeout=timeout) as sessions:
        order = random.Random(0)
        done = 0
        for part in sessions.parts():
            candidates = _candidates(part, sessions, _SCREEN_BLOCK_NS, failed)
            for _ in range(_SCREEN_ROUNDS):
                candidates = _round(candidates, sessions, order, None, failed)
                done += 1
                if progress is not None:
                    settled = sum(is_narrow(candidate.medians, WIDTH) for candidate in (*finished, *candidates))
                    progress(done, settled, len(variants))
            finished += candidates
    return [candidate.latency(WIDTH) for candidate in finished]


@dataclass
class _Candidate:
    """One variant and its kept blocks, one a round."""

    variant: Variant
    iterations: int
    blocks: list[Block] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    disturbed: int = 0

    def keep(self, block: Block) -> None:
        self.blocks.append(block)
        self.medians.append(block.median_ms(self.variant.threads))

    def latency(self, width: float) -> Latency:
        return summarise(self.variant, self.blocks, width=width, disturbed=self.disturbed)


def _candidates(
    variants: Sequence[Variant], sessions: Sessions, block_ns: float, failed: Failed | None
) -> list[_Candidate]:
    """The variants that could be loaded and run."""
    candidates: list[_Candidate] = []
    for variant in variants:
        with _telling(variant, failed):
            candidates.append(_Candidate(variant, sessions.iterations(variant, block_ns)))
    return candidates


def _round(
    candidates: Sequence[_Candidate],
    sessions: Sessions,
    order: random.Random,
    deadline: float | None,
    failed: Failed | None = None,
) -> list[_Candidate]:
    """One block of every candidate in a random order; the disturbed ones again at the end, when it may have passed.
    Returns those that did not fail."""
    attempts: list[tuple[_Candidate, list[Block]]] = []
    fallen: set[Variant] = set()

    def attempt(candidate: _Candidate, blocks: list[Block]) -> None:
        fallen.add(candidate.variant)
        with _telling(candidate.variant, failed):
            blocks.append(sessions.time(candidate.variant, candidate.iterations))
            fallen.remove(candidate.variant)

    for candidate in order.sample(candidates, len(candidates)):
        if deadline is not None and time.monotonic() >= deadline:
            break
        attempts.append((candidate, []))
        attempt(*attempts[-1])
    for _ in range(AGAIN):
        for candidate, blocks in attempts:
            if deadline is not None and time.monotonic() >= deadline:
                break
            if candidate.variant in fallen or not blocks[-1].is_disturbed(candidate.variant.threads):
                continue
            # On a machine that is always busy there is no quiet moment to wait for: at most twice the work in all.
            if candidate.disturbed <= len(candidate.blocks):
                candidate.disturbed += 1
                attempt(candidate, blocks)
    for candidate, blocks in attempts:
        if candidate.variant not in fallen:
            # By disturbance, never by speed: choosing the fastest attempt would make every latency look better.
            candidate.keep(min(blocks, key=lambda block: _disturbance(block, candidate.variant)))
    return [candidate for candidate in candidates if candidate.variant not in fallen]


def _disturbance(block: Block, variant: Variant) -> float:
    return block.disturbance(variant.threads) or 0.0


@contextmanager
def _telling(variant: Variant, failed: Failed | None) -> Iterator[None]:
    """Tells `failed` what goes wrong with a variant; where nobody listens it is raised."""
    try:
        yield
    except EdgewiseError as error:
        if failed is None:
            raise
        failed(variant, error)
