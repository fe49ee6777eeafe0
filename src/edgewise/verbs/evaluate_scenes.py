"""`evaluate` for boxes and masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.blocks import Task
from edgewise.data import ALL, SPLITS, BadImage, Split, open_dataset
from edgewise.deploy import read_artifact
from edgewise.deploy.scene_scoring import evaluate_scene_artifact
from edgewise.errors import EdgewiseError
from edgewise.training import DetectionEvaluation, SegmentationEvaluation
from edgewise.training import evaluate_scenes as evaluate_network
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.resolve import existing, is_artifact, is_model_file, runtime_for
from edgewise.verbs.scenes import same_classes
from edgewise.weights import load_model


@dataclass(frozen=True, eq=False)
class EvaluatedScenes:
    """The scores of `model` on the `images` of one split: by class the average precision of its boxes, or the
    intersection over union of its pixels."""

    model: str
    data: str
    split: str
    images: int
    classes: tuple[str, ...]
    scores: DetectionEvaluation | SegmentationEvaluation
    skipped: tuple[BadImage, ...]
    notes: tuple[str, ...] = ()

    @property
    def measure(self) -> str:
        """What the number of each class is."""
        return "average_precision" if isinstance(self.scores, DetectionEvaluation) else "iou"

    def per_class(self) -> dict[str, float]:
        """That number for each class that occurs."""
        every = zip(self.classes, self.scores.per_class.tolist(), strict=True)
        return {name: value for name, value in every if not np.isnan(value)}


def evaluate_scenes(
    model: str | Path,
    data: str | Path,
    *,
    split: str = "test",
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    ignored: tuple[int, ...] = (),
    runtime: str | None = None,
    threads: int = 1,
) -> EvaluatedScenes:
    """Scores `model`, a model file (in torch) or an artifact (in `runtime`, by default the one its ending tells), on
    the boxes or masks of `data`'s `split`; `ignored` are values of masks that are nobody's. Raises `EdgewiseError`
    where the data's classes are others, or either cannot be read."""
    at_least(0, {"seed": seed, "workers": workers})
    if split not in (*SPLITS, ALL):
        raise EdgewiseError(f"there is no split '{split}'; choose {', '.join(SPLITS)} or {ALL}")
    at_least(1, {"threads": threads})
    path = existing(model, "model")
    scored = _artifact(path, runtime, threads) if is_artifact(path) else _model_file(path, runtime)
    options = {"seed": seed, "skip_bad": skip_bad, "root": root, "only": split, "ignored": ignored}
    dataset = open_dataset(data, task=scored.task, **options)
    same_classes(dataset, scored.classes, str(path))
    images = dataset.splits[split]
    scores = scored.score(images, decoding_workers(workers))
    return EvaluatedScenes(
        str(path), dataset.source, split, len(images), scored.classes, scores, dataset.skipped, dataset.notes
    )


@dataclass(frozen=True)
class _Scored:
    """A model's task and classes, and what scores it on a split with so many decoding workers."""

    task: Task
    classes: tuple[str, ...]
    score: Callable[[Split, int], DetectionEvaluation | SegmentationEvaluation]


def _artifact(path: Path, runtime: str | None, threads: int) -> _Scored:
    card, runs_in = read_artifact(path), runtime_for(path, runtime)

    def score(split: Split, workers: int) -> DetectionEvaluation | SegmentationEvaluation:
        return evaluate_scene_artifact(path, split, card=card, runtime=runs_in, threads=threads, workers=workers)

    return _Scored(card.task, card.classes, score)


def _model_file(path: Path, runtime: str | None) -> _Scored:
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is neither a model file (.safetensors) nor an artifact (.onnx, .pte); give one")
    if runtime is not None:
        raise EdgewiseError(f"{path} is a model file, which runs in torch; leave --runtime out")
    network, card = load_model(path)

    def score(split: Split, workers: int) -> DetectionEvaluation | SegmentationEvaluation:
        return evaluate_network(network, split, card.preprocessing, workers=workers)

    return _Scored(card.architecture.task, card.classes, score)
