"""Artifacts loaded when they are needed, warmed up, and unloaded again when memory would run short."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.devices.blocks import Block
from edgewise.devices.machine import memory_bytes
from edgewise.devices.process import Worker

_WARM_NS = 30e6
_FEWEST_WARM = 3
_ACTIVATIONS = 32 * 2**20
_COPIES = 3  # the file, the runtime's own copy of the weights, and the copy laid out for its kernels


class Sessions:
    """Times artifacts by name in one worker, holding as many loaded as a quarter of the machine's memory takes.

    The artifact unused for longest goes first. Loading costs far more than a block, so the limit is meant never to
    be reached in the ordinary case of a few dozen small models.
    """

    def __init__(
        self, worker: Worker, artifacts: Mapping[str, Path], *, threads: int, most_bytes: int | None = None
    ) -> None:
        self._worker = worker
        self._artifacts = artifacts
        self._threads = threads
        self._most_bytes = most_bytes if most_bytes is not None else (memory_bytes() or 4 * 2**30) // 4
        self._loaded: dict[str, int] = {}  # in order of use, the latest last
        self._iteration_ns: dict[str, float] = {}

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names now loaded, the latest used last."""
        return tuple(self._loaded)

    def parts(self) -> list[list[str]]:
        """The artifacts' names in order, cut into parts that can each be held loaded together."""
        parts: list[list[str]] = [[]]
        held = 0
        for name in self._artifacts:
            size = self._size(name)
            if parts[-1] and held + size > self._most_bytes:
                parts.append([])
                held = 0
            parts[-1].append(name)
            held += size
        return parts

    def iterations(self, name: str, block_ns: float) -> int:
        """How many iterations make a block of about `block_ns`: at least three, so that a median means something."""
        self._ready(name)
        return max(3, min(1000, round(block_ns / self._iteration_ns[name])))

    def time(self, name: str, iterations: int) -> Block:
        """One block. Untimed iterations go before it: the caches still hold the artifact timed last."""
        self._ready(name)
        return self._worker.time(name, iterations=iterations, warmup=max(1, iterations // 10))

    def _ready(self, name: str) -> None:
        if name in self._loaded:
            self._loaded[name] = self._loaded.pop(name)
            return
        size = self._size(name)
        while self._loaded and sum(self._loaded.values()) + size > self._most_bytes:
            oldest = next(iter(self._loaded))
            self._worker.unload(oldest)
            del self._loaded[oldest]
        self._worker.load(name, self._artifacts[name], threads=self._threads)
        self._loaded[name] = size
        self._warm_up(name)

    def _size(self, name: str) -> int:
        """A generous guess at the memory an artifact takes loaded, in bytes."""
        path = self._artifacts[name]
        # A file that is not there is the worker's to report.
        return _ACTIVATIONS + _COPIES * (path.stat().st_size if path.is_file() else 0)

    def _warm_up(self, name: str) -> None:
        """Runs until memory is laid out and the clock has come up, and keeps the time of the last few iterations."""
        first = self._worker.time(name, iterations=1, warmup=0).wall_ns[0]
        iterations = max(_FEWEST_WARM, min(200, round(_WARM_NS / max(first, 1))))
        self._iteration_ns[name] = max(
            1.0, self._worker.time(name, iterations=iterations).median_ms(self._threads) * 1e6
        )
