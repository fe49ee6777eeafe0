"""One process leads a search, and all others started on its folder work for it: whoever holds the lock leads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edgewise.searching.run import MODULE
from edgewise.searching.settings import FILE
from edgewise.searching.worker import DIRECTIONS
from edgewise.tasks import Queue, Tell

T = TypeVar("T")

LOCK = "lock"

_LOOK_SECONDS = 1.0


def lead_or_join(folder: Path, lead: Callable[[], T], *, workers: int, tell: Tell, storage: str | None = None) -> T:
    """What `lead` gives, called when no other process leads the search in `folder`.

    Until then `workers` processes evaluate for the one that does. Where that ends before the search does, killed
    perhaps, this one goes on in its place.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    helpers: list[subprocess.Popen[bytes]] = []
    said = False
    try:
        while True:
            try:
                with lock.acquire(timeout=0):
                    _end(helpers)
                    return lead()
            except Timeout:
                pass
            if not said:
                tell(f"another process leads the search in {folder}; this one works for it")
                said = True
            if _has_work(folder, storage):
                helpers = [one for one in helpers if one.poll() is None]
                helpers += [_helper(folder, storage) for _ in range(workers - len(helpers))]
            time.sleep(_LOOK_SECONDS)
    finally:
        _end(helpers)


def _has_work(folder: Path, storage: str | None) -> bool:
    """Whether there is anything to evaluate: then all that evaluating takes is there too."""
    return (folder / FILE).exists() and bool(Queue(folder, storage, DIRECTIONS).asked())


def _helper(folder: Path, storage: str | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", MODULE, str(folder), "--parent", str(os.getpid())]
    if storage:
        command += ["--storage", storage]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})


def _end(helpers: list[subprocess.Popen[bytes]]) -> None:
    """They end by themselves when the queue is over; those of a search that was given up are stopped."""
    for one in helpers:
        one.terminate()
        one.wait()
    helpers.clear()
