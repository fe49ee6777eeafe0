"""The Lightning task of each kind of data."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Task
from edgewise.training.classify import Classify
from edgewise.training.detect import Detect
from edgewise.training.image_task import ImageTask
from edgewise.training.segment import Segment

_TASKS: Mapping[Task, type[ImageTask]] = {"classify": Classify, "detect": Detect, "segment": Segment}


def task_for(task: Task) -> type[ImageTask]:
    return _TASKS[task]
