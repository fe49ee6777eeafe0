"""What the user gives, looked at before any work begins."""

from __future__ import annotations

import os
from collections.abc import Mapping

from edgewise.data import Dataset
from edgewise.errors import EdgewiseError


def at_least(least: int, numbers: Mapping[str, int | None]) -> None:
    """Raises `EdgewiseError` naming the first of `numbers` that is below `least`; None stands for the default."""
    for name, value in numbers.items():
        if value is not None and value < least:
            raise EdgewiseError(f"{name} must be at least {least}, not {value}")


def decoding_workers(workers: int | None) -> int:
    """Processes that decode images which do not fit in memory: half of the cores, unless the user says."""
    return max(1, cores() // 2) if workers is None else workers


def cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def described(dataset: Dataset) -> str:
    """The dataset in a line: how many classes and images, and how many files were left out."""
    counts = ", ".join(f"{len(split)} {name}" for name, split in dataset.splits.items())
    skipped = f", {len(dataset.skipped)} bad files left out" if dataset.skipped else ""
    return f"{dataset.source}: {len(dataset.classes)} classes, {counts}{skipped}"
