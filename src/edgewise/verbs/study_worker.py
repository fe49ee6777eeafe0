"""A worker: trains variants of a study until there are no more to come.

python -m edgewise.verbs.study_worker RUN_FOLDER [--storage URL] [--parent PID]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch loads OpenMP: every core has a worker of its own
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from edgewise.tasks import Do
from edgewise.tasks.work import serve
from edgewise.verbs.study_data import StudyData
from edgewise.verbs.study_run import Training


def ready(folder: Path) -> Do:
    """What does the trainings of a study's folder, with one thread."""
    torch.set_num_threads(1)
    dataset = StudyData.read(folder).opened()

    def do(task: Mapping[str, Any], beat: Callable[[], None]) -> tuple[float]:
        return (Training.from_json(task).done(dataset, folder, beat).accuracy,)

    return do


if __name__ == "__main__":
    serve((__doc__ or "").splitlines()[0], ready)
