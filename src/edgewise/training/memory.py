"""Memory that training frees in every step and needs again in the next."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""mallopt's numbers for them (malloc.h of the GNU C library)."""

_NEVER = -1
_LARGEST = 2**30
_USUAL = 32 * 2**20
"""Where the library itself sets the threshold once such blocks have been freed; twice that is when it trims."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keeps what is freed for what is allocated next, and gives it back at the end; not to be nested.

    The GNU C library returns large blocks to the kernel when they are freed, and the kernel clears every page that it
    hands out again: a step of training, whose activations are such blocks, spends up to half of its time on that.
    Elsewhere, and for blocks of more than 1 GiB, nothing changes.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt"):  # musl has none
        yield
        return
    library.mallopt(_MMAP_THRESHOLD, _LARGEST)
    library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        library.mallopt(_MMAP_THRESHOLD, _USUAL)
        library.mallopt(_TRIM_THRESHOLD, 2 * _USUAL)
        library.malloc_trim(0)
