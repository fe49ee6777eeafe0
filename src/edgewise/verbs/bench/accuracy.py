"""The accuracy of what is benched, as its runtime computes it in its precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.blocks import Task
from edgewise.data import ALL, SPLITS, BadImage, Dataset, Split, open_dataset
from edgewise.deploy.judging import metrics_of
from edgewise.errors import EdgewiseError
from edgewise.fitting.delivery import some_pixels
from edgewise.training.scores import score_name, score_of
from edgewise.verbs.bench.subjects import Subject
from edgewise.verbs.checks import decoding_workers
from edgewise.verbs.naming import relabelled
from edgewise.verbs.scenes import same_classes

CALIBRATION = 256
"""How many training images give the ranges of a quantised artifact, unless told otherwise."""


@dataclass(frozen=True)
class Judge:
    """The images that artifacts are scored on, and those that they are calibrated on, None where nothing is.

    `splits` are the images with the labels of each subject's own classes, by its name; a subject that cannot be scored
    has none and is in `notes`. `measure` is what scores are called.
    """

    splits: dict[str, Split]
    training: Split | None
    notes: tuple[str, ...]
    skipped: tuple[BadImage, ...]
    workers: int
    measure: str

    def calibration(self, subject: Subject) -> np.ndarray | None:
        """Training images prepared for the subject, `(N, C, H, W)`; None where it says nothing of preparing any."""
        if self.training is None or subject.card is None:
            return None
        prepared = subject.card.preprocessing
        pixels = some_pixels(self.training, prepared, CALIBRATION)
        return np.stack([prepared.normalised(image) for image in pixels])

    def accuracy(self, subject: Subject, artifact: Path, runtime: str, precision: str, threads: int) -> float | None:
        """The share of the images that it classifies right (for several labels a mean average precision); None for a
        subject that cannot be scored. Raises `EdgewiseError` when the runtime fails."""
        if subject.name not in self.splits:
            return None
        metrics = metrics_of(
            artifact,
            self.splits[subject.name],
            card=subject.card,
            runtime=runtime,
            precision=precision,
            threads=threads,
            workers=self.workers,
        )
        return score_of(metrics)


def judge(
    data: str | Path,
    subjects: Sequence[Subject],
    *,
    split: str,
    calibrate: bool,
    seed: int,
    root: Path | None,
    skip_bad: bool,
    workers: int | None,
    ignored: tuple[int, ...] = (),
) -> Judge:
    """Opens `data` and finds who can be scored on its `split`; `calibrate` says whether its training images are needed.

    Raises `EdgewiseError` when the data cannot be read, or nobody can be scored on it, saying why.
    """
    if split not in (*SPLITS, ALL):
        raise EdgewiseError(f"there is no split '{split}'; choose {', '.join(SPLITS)} or {ALL}")

    tasks: set[Task] = {one.task for one in subjects if one.card is not None} or {"classify"}
    if len(tasks) > 1:
        raise EdgewiseError(f"the models do different things ({', '.join(sorted(tasks))}); score them one task a time")
    (task,) = tasks

    def opened(only: str) -> Dataset:
        return open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, only=only, task=task, ignored=ignored)

    dataset = opened(split)
    splits: dict[str, Split] = {}
    notes: list[str] = []
    for subject in subjects:
        try:
            splits[subject.name] = _labelled(subject, dataset, split)
        except EdgewiseError as error:
            notes.append(f"no accuracy of {subject.name}: {error}")
    if not splits:
        raise EdgewiseError(f"nothing that was named can be scored on {dataset.source}: {notes[0]}")
    training = opened("train").splits["train"] if calibrate else None
    measure = score_name(dataset.task, multi_label=dataset.multi_label)
    return Judge(splits, training, tuple(notes), dataset.skipped, decoding_workers(workers), measure)


def _labelled(subject: Subject, dataset: Dataset, split: str) -> Split:
    if subject.card is None or not subject.card.classes:
        raise EdgewiseError("it has no trained weights and class names; give a model file, or an artifact made of one")
    if dataset.task != "classify":
        same_classes(dataset, subject.card.classes, subject.name)
        return dataset.splits[split]
    if subject.card.multi_label != dataset.multi_label:
        says, gives = ("several labels", "one label") if dataset.multi_label else ("one label", "several labels")
        raise EdgewiseError(f"{dataset.source} has {says} an image and the model gives {gives}; use data of its kind")
    return relabelled(
        dataset.splits[split], dataset.classes, subject.card.classes, source=dataset.source, model=subject.name
    )
