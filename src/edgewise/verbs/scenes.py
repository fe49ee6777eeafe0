"""Networks for boxes and masks: what `train` makes of a name or a model file, and how scenes are prepared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgewise.blocks import Head, Task
from edgewise.data import Dataset, Preprocessing
from edgewise.data.scenes import task_of
from edgewise.data.statistics import statistics
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.verbs.start import Start

DETECTED = 320
"""Pixels a side that boxes are found at, unless the user says (the papers' SSDLite)."""

LARGEST = 512
"""Pixels of the longer side that masks are made at, at most, unless the user says."""

Size = tuple[int, int]


_NAMED = 5
"""Classes at most that a sentence names."""


def task_for(data: str | Path, task: Task | None) -> Task:
    """What `data` is for: `task`, or what it has."""
    if task is not None:
        return task
    if str(data).lower() == "scenes":
        return "detect"
    path = Path(data).expanduser()
    return task_of(path) if path.exists() else "classify"


def scene_size(dataset: Dataset, size: int | Size | None) -> Size:
    """Height and width of the network's input: what the user says, 320 × 320 for boxes (less for smaller images), and
    for masks the images' own, made smaller where the longer side is above `LARGEST`, in multiples of 8."""
    if size is not None:
        return size if isinstance(size, tuple) else (size, size)
    split = dataset.splits["train"]
    sides = np.array([split.load(index).shape[:2] for index in range(min(len(split), 16))])
    height, width = np.median(sides, 0)
    if dataset.task == "detect":
        side = min(DETECTED, max(32, int(min(height, width)) // 32 * 32))
        return side, side
    shrunk = min(1.0, LARGEST / max(height, width))
    return max(32, round(height * shrunk / 8) * 8), max(32, round(width * shrunk / 8) * 8)


def scene_preprocessing(dataset: Dataset, start: Start, size: Size) -> Preprocessing:
    """The whole image at the network's size, in the colours of the weights it starts from or of the data."""
    found = statistics(dataset.splits["train"])
    return start.prepared(Preprocessing(*size, found.mean, found.std, stretch=True))


def scene_network(start: Start, architecture: Architecture, classes: tuple[str, ...], seed: int) -> Network:
    """The network of `architecture` with the weights of `start` wherever names and shapes agree: the body's, and the
    head's where it is the same one for the same classes. Raises `EdgewiseError` where none agree."""
    network = Network(architecture, seed=seed)
    if start.tensors is None:
        return network
    state = network.state_dict()
    head = tuple(f"{index}." for index, row in enumerate(architecture.rows) if isinstance(row, Head))
    left_out = () if start.classes == classes else head
    taken = {
        name: value
        for name, value in start.tensors.items()
        if name in state and state[name].shape == value.shape and not name.startswith(left_out)
    }
    if not any(name.endswith("weight") for name in taken):
        raise EdgewiseError(f"none of the weights of {start.file} fit {architecture.name}; start from its own backbone")
    network.load_state_dict(taken, strict=False)
    return network


def same_classes(dataset: Dataset, classes: tuple[str, ...], model: str) -> None:
    """Raises `EdgewiseError` where the data's classes are not the model's, in its order."""
    if dataset.classes == classes:
        return
    ignoring = dataset.task == "segment" and len(dataset.classes) > len(classes)
    hint = ", or say with --ignore-index which value of the masks is nobody's" if ignoring else ""
    raise EdgewiseError(
        f"{dataset.source} has {_listed(dataset.classes)} and {model} {_listed(classes)}; use data with the classes it "
        f"was trained for, in the same order{hint}"
    )


def _listed(classes: tuple[str, ...]) -> str:
    """ "12 classes (cat, dog, …)"."""
    more = ", …" if len(classes) > _NAMED else ""
    return f"{len(classes)} class{'es' * (len(classes) != 1)} ({', '.join(classes[:_NAMED])}{more})"


def without_flip(dataset: Dataset) -> bool:
    """Whether mirroring would spoil the data."""
    return dataset.source == "scenes"


def told(dataset: Dataset) -> str:
    """What is odd in the annotations, as one more clause."""
    return "".join(f"; {note}" for note in dataset.notes)
