"""One process leads a search, and all others started on its folder work for it: whoever holds the lock leads."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edgewise.searching.archive import DIRECTIONS, LOCK
from edgewise.searching.run import MODULE
from edgewise.searching.settings import FILE
from edgewise.tasks import Queue, Tell
from edgewise.tasks.processes import end, start

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")

_LOOK_SECONDS = 1.0


def lead_or_join(folder: Path, lead: Callable[[], T], *, workers: int, tell: Tell, storage: str | None = None) -> T:
    """What `lead` gives, called when no other process leads the search in `folder`.

    Until then `workers` processes evaluate for the one that does. Where that ends before the search does, killed
    perhaps, this one goes on in its place.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    helpers: list[subprocess.Popen[bytes]] = []
    queue: Queue | None = None
    said = False
    try:
        while True:
            try:
                with lock.acquire(timeout=0):
                    end(helpers)
                    helpers.clear()
                    return lead()
            except Timeout:
                pass
            if not said:
                tell(f"another process leads the search in {folder}; this one works for it")
                said = True
            if queue is None and (folder / FILE).exists():  # then all that evaluating takes is there too
                queue = Queue(folder, storage, DIRECTIONS)
            if queue is not None and queue.look().asked():
                helpers = [one for one in helpers if one.poll() is None]
                helpers += [start(MODULE, folder, storage) for _ in range(workers - len(helpers))]
            time.sleep(_LOOK_SECONDS)
    finally:
        end(helpers)
