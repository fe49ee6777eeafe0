"""Latencies measured side by side: block after block, every artifact once a round, until the intervals are narrow.

What a machine does to a measurement (clock frequency, neighbours, temperature) changes over seconds, so two artifacts
measured one after the other differ by what happened in between. In rounds, each with the artifacts in another order,
it happens to all of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.devices.blocks import Block
from edgewise.devices.intervals import FEWEST, is_narrow
from edgewise.devices.latency import Latency, summarise
from edgewise.devices.process import Worker
from edgewise.devices.sessions import Sessions
from edgewise.errors import EdgewiseError

Progress = Callable[[int, int, int], None]
"""Called after each round with the rounds done, the artifacts settled and the artifacts there are."""

_BLOCK_NS = 20e6
_SCREEN_BLOCK_NS = 8e6
# Stopping as soon as an interval looks narrow picks lucky samples; from twelve rounds on that costs a few percent.
_FEWEST_ROUNDS = 12
_SCREEN_ROUNDS = 6
_AGAIN = 2
_PRECISION = 0.03


def measure(
    artifacts: Mapping[str, Path],
    *,
    runtime: str = "onnxruntime",
    threads: int = 1,
    max_seconds: float = 30.0,
    precision: float = _PRECISION,
    progress: Progress | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """Measures artifacts, by name, interleaved in one worker process; returns latencies in the order of `artifacts`.

    Every artifact takes part in every round with a block of about 20 ms, until each 95% interval of the median is
    no wider than `precision` times the median, at least twelve rounds, or until `max_seconds` are up (six rounds are
    made in any case); `Latency.settled` says which. Inputs are random, standard normal, the same in every call.
    A block that was disturbed is measured again at the end of its round, at most twice; then the least disturbed
    attempt is kept, so a busy machine gives wide intervals rather than none. No artifact is measured again more often
    than it had rounds.

    Raises `EdgewiseError` when an artifact cannot be loaded, has no fixed input shape, or when the runtime crashes or
    gives no answer for `timeout` seconds.
    """
    if not (precision > 0 and max_seconds > 0):
        raise EdgewiseError(f"precision ({precision}) and max_seconds ({max_seconds}) must be more than nothing")
    deadline = time.monotonic() + max_seconds
    with Worker(runtime, timeout=timeout) as worker:
        sessions = Sessions(worker, artifacts, threads=threads)
        candidates = [_Candidate(name, sessions.iterations(name, _BLOCK_NS)) for name in artifacts]
        order = random.Random(0)
        done = settled = 0
        while candidates and not (settled == len(candidates) and done >= _FEWEST_ROUNDS):
            enough = done >= FEWEST  # fewer rounds have no interval, and decide nothing
            if enough and time.monotonic() >= deadline:
                break
            _round(candidates, sessions, threads, order, deadline if enough else None)
            done += 1
            settled = sum(is_narrow(candidate.medians, precision) for candidate in candidates)
            if progress is not None:
                progress(done, settled, len(candidates))
    return [candidate.latency(runtime, threads, precision) for candidate in candidates]


def screen(
    artifacts: Mapping[str, Path],
    *,
    runtime: str = "onnxruntime",
    threads: int = 1,
    progress: Progress | None = None,
    timeout: float = 60.0,
) -> list[Latency]:
    """A rough latency of each artifact, to choose which ones to `measure`; in the order of `artifacts`.

    Six rounds of short blocks, about 0.15 s for a small artifact; artifacts that do not fit into memory together are
    gone through in parts. The intervals are the range of the six, so rather wide. Raises as `measure` does.
    """
    finished: list[_Candidate] = []
    with Worker(runtime, timeout=timeout) as worker:
        sessions = Sessions(worker, artifacts, threads=threads)
        order = random.Random(0)
        done = 0
        for part in sessions.parts():
            candidates = [_Candidate(name, sessions.iterations(name, _SCREEN_BLOCK_NS)) for name in part]
            finished += candidates
            for _ in range(_SCREEN_ROUNDS):
                _round(candidates, sessions, threads, order, None)
                done += 1
                if progress is not None:
                    settled = sum(is_narrow(candidate.medians, _PRECISION) for candidate in finished)
                    progress(done, settled, len(artifacts))
    return [candidate.latency(runtime, threads, _PRECISION) for candidate in finished]


@dataclass
class _Candidate:
    """One artifact and its kept blocks, one a round."""

    name: str
    iterations: int
    blocks: list[Block] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    disturbed: int = 0

    def keep(self, block: Block, threads: int) -> None:
        self.blocks.append(block)
        self.medians.append(block.median_ms(threads))

    def latency(self, runtime: str, threads: int, precision: float) -> Latency:
        return summarise(
            self.name, self.blocks, runtime=runtime, threads=threads, precision=precision, disturbed=self.disturbed
        )


def _round(
    candidates: Sequence[_Candidate],
    sessions: Sessions,
    threads: int,
    order: random.Random,
    deadline: float | None,
) -> None:
    """One block of every candidate in a random order; the disturbed ones again at the end, when it may have passed."""
    attempts: list[tuple[_Candidate, list[Block]]] = []
    for candidate in order.sample(candidates, len(candidates)):
        if deadline is not None and time.monotonic() >= deadline:
            break
        attempts.append((candidate, [sessions.time(candidate.name, candidate.iterations)]))
    for _ in range(_AGAIN):
        for candidate, blocks in attempts:
            if deadline is not None and time.monotonic() >= deadline:
                break
            # On a machine that is always busy there is no quiet moment to wait for: at most twice the work in all.
            if blocks[-1].is_disturbed(threads) and candidate.disturbed <= len(candidate.blocks):
                candidate.disturbed += 1
                blocks.append(sessions.time(candidate.name, candidate.iterations))
    for candidate, blocks in attempts:
        # By disturbance, never by speed: choosing the fastest attempt would make every latency look better than it is.
        candidate.keep(min(blocks, key=lambda block: block.disturbance(threads) or 0.0), threads)
