"""A worker: takes proposals from a run's queue until there are no more to come.

python -m edgewise.adapting.worker RUN_FOLDER [--storage URL] [--parent PID]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch loads OpenMP: every core has a worker of its own
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from edgewise.adapting.tuning import Tuning, tune
from edgewise.data import Split
from edgewise.data.decoded import read_decoded
from edgewise.tasks import Do
from edgewise.tasks.work import serve


def ready(folder: Path) -> Do:
    """What does the tunings of a run's folder, with one thread."""
    torch.set_num_threads(1)
    caches: dict[str, dict[str, Split]] = {}

    def do(task: Mapping[str, Any], beat: Callable[[], None]) -> tuple[float]:
        tuning = Tuning.from_json(dict(task))
        if tuning.cache not in caches:
            caches[tuning.cache] = read_decoded(folder / tuning.cache)
        return (tune(tuning, folder, caches[tuning.cache], beat),)

    return do


if __name__ == "__main__":
    serve((__doc__ or "").splitlines()[0], ready)
