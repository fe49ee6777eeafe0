"""Artifacts loaded when they are needed, warmed up, and unloaded again when memory would run short."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType

from edgewise.devices.blocks import Block
from edgewise.devices.machine import memory_bytes
from edgewise.devices.process import Worker
from edgewise.devices.runtimes import KernelTimes
from edgewise.devices.variants import Variant
from edgewise.errors import EdgewiseError

_WARM_NS = 30e6
_FEWEST_WARM = 3
_ACTIVATIONS = 32 * 2**20
_COPIES = 3  # the file, the runtime's own copy of the weights, and the copy laid out for its kernels


class Sessions:
    """Times variants in one worker a runtime, holding as many loaded as a quarter of the machine's memory takes; use
    it as a context manager.

    The variant unused for longest goes first. Loading costs far more than a block, so the limit is meant never to be
    reached in the ordinary case of a few dozen small models. A worker that died is started again for whatever is
    asked of its runtime next.
    """

    def __init__(self, variants: Iterable[Variant], *, timeout: float = 60.0, most_bytes: int | None = None) -> None:
        self._variants = tuple(variants)
        self._timeout = timeout
        self._most_bytes = most_bytes if most_bytes is not None else (memory_bytes() or 4 * 2**30) // 4
        self._workers: dict[str, Worker] = {}
        self._loaded: dict[Variant, int] = {}  # in order of use, the latest last
        self._iteration_ns: dict[Variant, float] = {}

    def __enter__(self) -> Sessions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()
        self._loaded.clear()

    @property
    def loaded(self) -> tuple[Variant, ...]:
        """The variants now loaded, the latest used last."""
        return tuple(self._loaded)

    def parts(self) -> list[list[Variant]]:
        """The variants in order, cut into parts that can each be held loaded together."""
        parts: list[list[Variant]] = [[]]
        held = 0
        for variant in self._variants:
            size = held_bytes(variant)
            if parts[-1] and held + size > self._most_bytes:
                parts.append([])
                held = 0
            parts[-1].append(variant)
            held += size
        return parts

    def iterations(self, variant: Variant, block_ns: float) -> int:
        """How many iterations make a block of about `block_ns`: at least three, so that a median means something."""
        self._ready(variant)
        return max(3, min(1000, round(block_ns / self._iteration_ns[variant])))

    def time(self, variant: Variant, iterations: int) -> Block:
        """One block. Untimed iterations go before it: the caches still hold what was timed last."""
        worker = self._ready(variant)
        return worker.time(_key(variant), iterations=iterations, warmup=max(1, iterations // 10))

    def trace(self, variant: Variant, iterations: int) -> list[KernelTimes]:
        """The variant's kernels, timed inside `iterations` whole inferences. Raises `EdgewiseError` where the runtime
        does not tell."""
        return self._ready(variant).trace(_key(variant), iterations=iterations)

    def _ready(self, variant: Variant) -> Worker:
        """The worker that has the variant loaded and warm."""
        self._bury()
        if variant in self._loaded:
            self._loaded[variant] = self._loaded.pop(variant)
            return self._workers[variant.runtime]
        size = held_bytes(variant)
        while self._loaded and sum(self._loaded.values()) + size > self._most_bytes:
            oldest = next(iter(self._loaded))
            del self._loaded[oldest]
            with suppress(EdgewiseError):  # should it die of this, nothing of it stays in memory either
                self._workers[oldest.runtime].unload(_key(oldest))
        self._bury()
        worker = self._workers.get(variant.runtime)
        if worker is None:
            worker = self._workers[variant.runtime] = Worker(variant.runtime, timeout=self._timeout)
        worker.load(
            _key(variant),
            variant.path,
            threads=variant.threads,
            precision=variant.precision,
            example=variant.example,
        )
        self._loaded[variant] = size
        self._warm_up(worker, variant)
        return worker

    def _bury(self) -> None:
        """Forgets the workers that died, and what they had loaded."""
        for runtime in [runtime for runtime, worker in self._workers.items() if not worker.alive]:
            self._workers.pop(runtime).close()
            for variant in [variant for variant in self._loaded if variant.runtime == runtime]:
                del self._loaded[variant]

    def _warm_up(self, worker: Worker, variant: Variant) -> None:
        """Runs until memory is laid out and the clock has come up, and keeps the time of the last few iterations."""
        first = worker.time(_key(variant), iterations=1, warmup=0).wall_ns[0]
        iterations = max(_FEWEST_WARM, min(200, round(_WARM_NS / max(first, 1))))
        block = worker.time(_key(variant), iterations=iterations)
        self._iteration_ns[variant] = max(1.0, block.median_ms(variant.threads) * 1e6)


def _key(variant: Variant) -> str:
    """What the variant is called in its runtime's worker."""
    return f"{variant.precision} {variant.threads} {variant.name}"


def held_bytes(variant: Variant) -> int:
    """A generous guess at the memory a variant takes loaded, in bytes."""
    # A file that is not there is the worker's to report.
    return _ACTIVATIONS + _COPIES * (variant.path.stat().st_size if variant.path.is_file() else 0)
