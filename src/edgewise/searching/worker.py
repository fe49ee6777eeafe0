"""A worker: evaluates the networks of a search until there are no more to come.

python -m edgewise.searching.worker RUN_FOLDER [--storage URL] [--parent PID]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch loads OpenMP: every core has a worker of its own
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgewise.searching.archive import DIRECTIONS
from edgewise.searching.settings import Settings
from edgewise.tasks import Do
from edgewise.tasks.work import serve


def ready(folder: Path) -> Do:
    """What evaluates a search's trials, with one thread."""
    settings = Settings.read(folder)
    if settings.evaluator != "lookup":
        import torch

        torch.set_num_threads(1)
    evaluator = settings.opened(folder)

    def do(task: Mapping[str, Any], beat: Callable[[], None]) -> tuple[float, float]:
        return evaluator.accuracy(tuple(task["point"]), int(task["number"]), beat), float(task["ms"])

    return do


if __name__ == "__main__":
    serve((__doc__ or "").splitlines()[0], ready, DIRECTIONS)
