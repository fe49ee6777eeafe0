"""A worker: takes proposals from a run's queue until there are no more to come.

python -m edgewise.adapting.worker RUN_FOLDER [--storage URL] [--parent PID]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch loads OpenMP: every core has a worker of its own
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.adapting.queue import Queue
from edgewise.adapting.tuning import Tuning, read_cache, tune
from edgewise.data import Split
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from optuna.trial import Trial

BEAT_SECONDS = 2.0
_IDLE_SECONDS = 0.2


class _Orphaned(Exception):  # noqa: N818 - no error: there is nobody left to work for
    """The run that started this worker has ended."""


class _Pulse:
    """Counts up in the trial while the work gets on."""

    def __init__(self, trial: Trial, parent: int | None) -> None:
        self._trial, self._parent = trial, parent
        self._said = 0.0
        self._count = 0

    def __call__(self) -> None:
        if self._parent is not None and os.getppid() != self._parent:
            raise _Orphaned
        now = time.monotonic()
        if now - self._said >= BEAT_SECONDS:
            self._said = now
            self._count += 1
            self._trial.set_user_attr("beat", self._count)


def work(folder: Path, storage: str | None = None, parent: int | None = None) -> None:
    """Works until the queue is over, or the process `parent` has gone."""
    import torch

    torch.set_num_threads(1)
    queue = Queue(folder, storage)
    caches: dict[str, dict[str, Split]] = {}
    while not queue.over and (parent is None or os.getppid() == parent):
        trial = queue.take()
        if trial is None:
            time.sleep(_IDLE_SECONDS)
            continue
        tuning = Tuning.from_json(trial.user_attrs["tuning"])
        pulse = _Pulse(trial, parent)
        try:
            pulse()
            if tuning.cache not in caches:
                caches[tuning.cache] = read_cache(folder / tuning.cache)
            queue.done(trial, tune(tuning, folder, caches[tuning.cache], pulse))
        except _Orphaned:
            return
        except (EdgewiseError, OSError, RuntimeError) as error:
            queue.failed(trial, " ".join(str(error).split()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--storage")
    parser.add_argument("--parent", type=int)
    asked = parser.parse_args()
    try:
        work(asked.folder, asked.storage, asked.parent)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
