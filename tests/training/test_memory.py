"""Freed memory that is kept."""

from __future__ import annotations

import ctypes
import platform
import sys
from pathlib import Path

import pytest
import torch

from edgewise.training import memory
from edgewise.training.memory import freed_memory_kept

MIB = 2**20
BLOCK = 48 * MIB


def held() -> int:
    """The memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * memory_page()


def memory_page() -> int:
    import resource  # not on Windows

    return resource.getpagesize()


def faults() -> int:
    """Pages that the kernel hands out while a block is allocated, filled and freed."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(BLOCK // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_freed_blocks_are_kept_and_given_back_at_the_end() -> None:
    pages = BLOCK // memory_page()
    with freed_memory_kept():
        counts = [faults() for _ in range(12)]
        assert max(counts[-3:]) < 0.01 * pages
        blocks = [torch.ones(BLOCK // 4) for _ in range(10)]
        del blocks
        kept = held()
    assert kept - held() > 8 * BLOCK


def test_other_systems_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("looked for a library"))
    with freed_memory_kept():
        assert sys.platform == "darwin"
