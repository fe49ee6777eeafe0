"""Freed memory that is kept."""

from __future__ import annotations

import ctypes
import json
import platform
import subprocess
import sys

import pytest

from edgewise.training import memory
from edgewise.training.memory import freed_memory_kept

SCRIPT = """
import json, resource
import numpy as np
from pathlib import Path
from edgewise.training.memory import freed_memory_kept

BLOCK = 48 * 2**20
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(BLOCK, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

outside = min(faults() for _ in range(6))
with freed_memory_kept():
    inside = min(faults() for _ in range(6))
    blocks = [np.ones(BLOCK, np.uint8) for _ in range(10)]
    del blocks
    kept = held()
print(json.dumps([outside, inside, (kept - held()) / BLOCK]))
"""
"""Allocates, fills and frees a block again and again, and counts the pages that the kernel hands out for it."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_freed_blocks_are_kept_and_given_back_at_the_end() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    outside, inside, given_back = json.loads(ended.stdout)
    assert inside < 0.05 * outside
    assert given_back > 8


def test_other_systems_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("looked for a library"))
    with freed_memory_kept():
        assert sys.platform == "darwin"
