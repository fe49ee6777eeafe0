"""What a worker does: it takes tasks from a run's queue until there are no more to come."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.errors import EdgewiseError
from edgewise.tasks.queue import Queue
from edgewise.tasks.storage import Direction

if TYPE_CHECKING:
    from optuna.trial import Trial

BEAT_SECONDS = 2.0
_IDLE_SECONDS = 0.2

Do = Callable[[Mapping[str, Any], Callable[[], None]], Sequence[float]]
"""Does a task and returns its result; is to call the second argument whenever it has got on."""


class Pulse:
    """Counts up in the trial while the work gets on."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._said = 0.0
        self._count = 0

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._said >= BEAT_SECONDS:
            self._said = now
            self._count += 1
            self._trial.set_user_attr("beat", self._count)


def work(queue: Queue, do: Do, parent: int | None = None) -> None:
    """Works until the queue is over, or the process `parent` has gone: what is being done then is finished first, and
    the next run finds it done."""
    while not queue.over and (parent is None or os.getppid() == parent):
        trial = queue.take()
        if trial is None:
            time.sleep(_IDLE_SECONDS)
            continue
        pulse = Pulse(trial)
        try:
            pulse()
            queue.done(trial, do(trial.user_attrs["task"], pulse))
        except (EdgewiseError, OSError, RuntimeError) as error:
            queue.failed(trial, " ".join(str(error).split()))


def serve(about: str, ready: Callable[[Path], Do], directions: Sequence[Direction] = ("maximize",)) -> None:
    """The worker as a program: `RUN_FOLDER [--storage URL] [--parent PID]`. `ready` gives what does the tasks of a
    folder."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--storage")
    parser.add_argument("--parent", type=int)
    asked = parser.parse_args()
    try:
        work(Queue(asked.folder, asked.storage, directions), ready(asked.folder), asked.parent)
    except KeyboardInterrupt:
        sys.exit(130)
