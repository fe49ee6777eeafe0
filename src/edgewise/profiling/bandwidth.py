"""Bandwidth by size of buffer, on one thread, in numpy alone: a lower bound of what the hardware has.

Reading is the maximum of int32, copying the bitwise inverse of uint8 from one buffer to another: of numpy's loops those
in which the vector units wait for memory and not memory for them (a sum of float32 runs at a sixth of it in L1). One
call goes over a small buffer many times, through a view whose first axis has stride 0, so that what a call costs is
spread; what a pass over the buffer costs beside its bytes is measured on a tiny buffer and subtracted. The fastest of
many rounds counts, for other work only ever slows them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgewise.devices.machine import memory_bytes
from edgewise.devices.profile import Bandwidth
from edgewise.profiling.plateaus import levels

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_SMALLEST = 8 * 2**10
_LARGEST_KNOWN_NOTHING = 128 * 2**20
_TINY = 256
_A_CALL = 4 * 2**20
_FEWEST_ROUNDS = 3
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


def cache_sizes(folder: Path = _CACHES) -> tuple[int, ...]:
    """The sizes in bytes of the first core's caches for data, the smallest first; none where the system (only Linux
    does) does not say."""
    found: dict[int, int] = {}
    for index in sorted(folder.glob("index*")):
        try:
            kind, level, size = ((index / name).read_text().strip() for name in ("type", "level", "size"))
            if kind in ("Data", "Unified"):
                found[int(level)] = int(size[:-1]) * _UNITS[size[-1]] if size[-1] in _UNITS else int(size)
        except (OSError, ValueError, IndexError):
            continue
    return tuple(found[level] for level in sorted(found))


def ladder_sizes(caches: Sequence[int], memory: int | None) -> tuple[int, ...]:
    """Sizes of buffers in bytes: from 8 KiB to four times the last cache and at least 64 MiB (128 MiB where no cache is
    known), two to a doubling; never more than an eighth of the `memory`."""
    largest = max(4 * caches[-1], 64 * 2**20) if caches else _LARGEST_KNOWN_NOTHING
    if memory is not None:
        largest = min(largest, memory // 8)
    sizes = [_SMALLEST]
    while sizes[-1] < largest:
        sizes.append(2 * sizes[-2] if len(sizes) % 2 == 0 else sizes[-1] // 2 * 3)
    return tuple(sizes)


def measure_bandwidth(seconds: float, sizes: Sequence[int] | None = None) -> Bandwidth:
    """Bandwidth on buffers of the given sizes (by default those of `ladder_sizes`), measured for about `seconds`, at
    least three rounds over all of them."""
    caches = cache_sizes()
    sizes = ladder_sizes(caches, memory_bytes()) if sizes is None else sizes
    # Every size reads and writes the same memory; written once, for pages never written are all one page of zeros.
    pool = np.full(max(sizes) + _TINY, 1, np.uint8)
    passes = [(_reading(pool, size), _copying(pool, size)) for size in (_TINY, *sizes)]
    best = [[float("inf"), float("inf")] for _ in passes]
    deadline = time.monotonic() + seconds
    rounds = 0
    while rounds < _FEWEST_ROUNDS or time.monotonic() < deadline:
        for found, pair in zip(best, passes, strict=True):
            for which, measure in enumerate(pair):
                found[which] = min(found[which], measure())
        rounds += 1
    (read_nothing, copy_nothing), *others = best
    ladder = tuple(
        (size, size / _beside(read, read_nothing), size / _beside(copied, copy_nothing))
        for size, (read, copied) in zip(sizes, others, strict=True)
    )
    return Bandwidth(levels(ladder, caches), ladder, seconds)


def _beside(spent: float, nothing: float) -> float:
    """The seconds of a pass without what it costs beside its bytes, which is never most of it."""
    return max(spent - nothing, spent / 2)


def _reading(pool: np.ndarray, size: int) -> Callable[[], float]:
    """Measures the seconds of one pass of reading `size` bytes."""
    times = max(1, _A_CALL // size)
    view = _repeated(pool[:size].view(np.int32), times)
    out = np.empty(times, np.int32)
    return lambda: _seconds(lambda: np.maximum.reduce(view, axis=1, out=out)) / times


def _copying(pool: np.ndarray, size: int) -> Callable[[], float]:
    """Measures the seconds of one pass of copying half of `size` bytes to the other half: `size` bytes moved."""
    times = max(1, _A_CALL // size)
    half = size // 2
    source, target = _repeated(pool[:half], times), _repeated(pool[half:size], times)
    return lambda: _seconds(lambda: np.invert(source, out=target)) / times


def _repeated(buffer: np.ndarray, times: int) -> np.ndarray:
    """A view `(times, size)` whose every row is the buffer."""
    return np.lib.stride_tricks.as_strided(buffer, (times, buffer.size), (0, buffer.itemsize))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
