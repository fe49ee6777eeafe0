"""Images per second of whole ways to use the cores: several streams of single images, one stream, one of batches.

Every way is given a window of time in every round, in another order each time, as latencies are measured in blocks. All
streams of a way are running before its window opens and go on until it has closed, so none has the machine to itself
at either end; what they finish inside is counted.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import median
from types import TracebackType
from typing import Any

from edgewise.devices.blocks import crowding
from edgewise.devices.intervals import FEWEST, is_narrow, median_interval
from edgewise.devices.measuring import AGAIN, FEWEST_ROUNDS, WIDTH, Progress
from edgewise.devices.process import Worker
from edgewise.devices.streams import Stream
from edgewise.devices.variants import Variant
from edgewise.errors import EdgewiseError

_WINDOW_NS = 300_000_000
_INFERENCES = 4
_LEAD_NS = 30_000_000
_WARM = 3


@dataclass(frozen=True)
class Way:
    """`streams` processes, each running the variant (on its threads) without a pause, `batch` images at a time."""

    variant: Variant
    streams: int = 1
    batch: int = 1


@dataclass(frozen=True)
class Rate:
    """Images per second of a way: the median of the rounds and its 95% interval, as `Latency` has them.

    `inference_ms` is what an inference took meanwhile. `disturbed` counts the windows measured again because other
    work was going on, `unquiet` those of the rounds kept that still were disturbed.
    """

    way: Way
    images_per_second: float
    low: float
    high: float
    inference_ms: float
    rounds: int
    disturbed: int
    unquiet: int
    settled: bool

    def overlaps(self, other: Rate) -> bool:
        """Whether the two are the same within noise."""
        return self.low <= other.high and other.low <= self.high

    def to_json(self) -> dict[str, Any]:
        """Streams, threads, batch and the measured fields, ready for `json.dumps`."""
        content = asdict(self)
        way = content.pop("way")
        return {"streams": way["streams"], "threads": self.way.variant.threads, "batch": way["batch"], **content}


def measure_rates(
    ways: Sequence[Way],
    *,
    max_seconds: float = 30.0,
    width: float = WIDTH,
    progress: Progress | None = None,
    failed: Callable[[Way, EdgewiseError], None] | None = None,
    timeout: float = 60.0,
) -> list[Rate]:
    """Measures ways, interleaved, for windows of 0.3 s or four inferences; returns rates in their order.

    Rounds go on as in `measure_variants`: at least twelve, until every interval is no wider than `width` times the
    median, or six and `max_seconds` are up, loading not counted. Every stream is a process of its own, kept for all
    ways. Raises `EdgewiseError` when an artifact cannot be loaded or run; with `failed` that is told instead, and the
    others are measured without it.
    """
    if not (width > 0 and max_seconds > 0):
        raise EdgewiseError(f"width ({width}) and max_seconds ({max_seconds}) must be more than nothing")
    with _Crew(timeout) as crew:
        runs: list[_Run] = []
        for way in ways:
            run = _Run(way)
            if _tried(run, lambda run: run.prepare(crew), failed):
                runs.append(run)
        deadline = time.monotonic() + max_seconds
        order = random.Random(0)
        done = settled = 0
        while runs and not (settled == len(runs) and done >= FEWEST_ROUNDS):
            if done >= FEWEST and time.monotonic() >= deadline:
                break
            shuffled = order.sample(runs, len(runs))
            kept = [run for run in shuffled if _tried(run, lambda run: run.round(crew), failed)]
            runs = [run for run in runs if run in kept]
            done += 1
            settled = sum(is_narrow(run.rates, width) for run in runs)
            if progress is not None:
                progress(done, settled, len(runs))
    return [run.rate(width) for run in runs]


@dataclass(frozen=True)
class _Window:
    """What all streams of a way did in one window."""

    images_per_second: float
    inference_ns: float
    disturbance: float


@dataclass(eq=False)
class _Run:
    """One way and its windows, one a round."""

    way: Way
    inference_ns: float = 0.0
    windows: list[_Window] = field(default_factory=list)
    disturbed: int = 0

    @property
    def rates(self) -> list[float]:
        return [window.images_per_second for window in self.windows]

    def prepare(self, crew: _Crew) -> None:
        for worker in crew.of(self.way):
            block = worker.time(_key(self.way.variant), iterations=_WARM)
            self.inference_ns = max(self.inference_ns, median(block.wall_ns))

    def round(self, crew: _Crew) -> None:
        attempts = [self._window(crew)]
        # As with latencies: at most two more, and never more often in all than there were rounds.
        while attempts[-1].disturbance > 1 and len(attempts) <= AGAIN and self.disturbed <= len(self.windows):
            self.disturbed += 1
            attempts.append(self._window(crew))
        self.windows.append(min(attempts, key=lambda window: window.disturbance))

    def _window(self, crew: _Crew) -> _Window:
        workers = crew.of(self.way)
        # One inference to warm up on, and time for the question to reach every process.
        opens = time.perf_counter_ns() + _LEAD_NS + round(self.inference_ns)
        length = max(_WINDOW_NS, round(_INFERENCES * self.inference_ns))
        streams = crew.together(workers, _key(self.way.variant), opens, opens + length)
        return _Window(
            images_per_second=sum(stream.inferences for stream in streams) * self.way.batch / length * 1e9,
            inference_ns=median(stream.median_ns for stream in streams),
            disturbance=_disturbance(streams, length),
        )

    def rate(self, width: float) -> Rate:
        low, high = median_interval(self.rates)
        return Rate(
            way=self.way,
            images_per_second=median(self.rates),
            low=low,
            high=high,
            inference_ms=median(window.inference_ns for window in self.windows) / 1e6,
            rounds=len(self.windows),
            disturbed=self.disturbed,
            unquiet=sum(window.disturbance > 1 for window in self.windows),
            settled=is_narrow(self.rates, width),
        )


class _Crew:
    """The processes of all runtimes, started and loaded as ways need them, and again after one has died."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._workers: dict[tuple[str, int], Worker] = {}
        self._loaded: dict[tuple[str, int], set[Variant]] = {}
        self._threads = ThreadPoolExecutor(max_workers=max(64, os.cpu_count() or 1))

    def __enter__(self) -> _Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers.values():
            worker.close()

    def of(self, way: Way) -> list[Worker]:
        """A worker for each stream, with the variant loaded."""
        found = []
        for index in range(way.streams):
            place = (way.variant.runtime, index)
            if place in self._workers and not self._workers[place].alive:
                self._workers.pop(place).close()
            if place not in self._workers:
                self._workers[place] = Worker(way.variant.runtime, timeout=self._timeout)
                self._loaded[place] = set()
            worker = self._workers[place]
            if way.variant not in self._loaded[place]:
                variant = way.variant
                worker.load(_key(variant), variant.path, threads=variant.threads, precision=variant.precision)
                self._loaded[place].add(variant)
            found.append(worker)
        return found

    def together(self, workers: Sequence[Worker], key: str, opens: int, closes: int) -> list[Stream]:
        """The streams of all workers in one window; every worker has answered before one's failure is raised."""
        asked = [self._threads.submit(worker.stream, key, opens, closes) for worker in workers]
        errors = [error for one in asked if (error := one.exception()) is not None]
        if errors:
            raise errors[0]
        return [one.result() for one in asked]


def _disturbance(streams: Sequence[Stream], length_ns: int) -> float:
    """In multiples of what is tolerated, as `Block.disturbance`; a stream that came late spoils the window."""
    if any(stream.late for stream in streams):
        return float(len(streams)) + 1
    busy = [stream.busy_ns for stream in streams if stream.busy_ns is not None]
    if not busy:
        return 0.0
    return crowding(max(median(busy) - sum(stream.cpu_ns for stream in streams), 0) / length_ns)


def _key(variant: Variant) -> str:
    return f"{variant.precision} {variant.threads} {variant.path}"


def _tried(run: _Run, work: Callable[[_Run], None], failed: Callable[[Way, EdgewiseError], None] | None) -> bool:
    """Whether the work went well; what goes wrong is told, or raised where nobody listens."""
    try:
        work(run)
    except EdgewiseError as error:
        if failed is None:
            raise
        failed(run.way, error)
        return False
    return True
