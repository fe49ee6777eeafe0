"""`evaluate` for boxes and masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.data import ALL, SPLITS, BadImage, open_dataset
from edgewise.errors import EdgewiseError
from edgewise.training import DetectionEvaluation, SegmentationEvaluation
from edgewise.training import evaluate_scenes as score
from edgewise.verbs.checks import at_least, decoding_workers
from edgewise.verbs.resolve import existing, is_model_file
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
) -> EvaluatedScenes:
    """Scores `model`, a model file, in torch, on the boxes or masks of `data`'s `split`; `ignored` are values of masks
    that are nobody's. Raises `EdgewiseError` where the data's classes are others, or either cannot be read."""
    at_least(0, {"seed": seed, "workers": workers})
    if split not in (*SPLITS, ALL):
        raise EdgewiseError(f"there is no split '{split}'; choose {', '.join(SPLITS)} or {ALL}")
    path = existing(model, "model file")
    if not is_model_file(path):
        raise EdgewiseError(f"{path} is no model file (.safetensors); give the one it was exported from")
    network, card = load_model(path)
    task = card.architecture.task
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, only=split, task=task, ignored=ignored)
    same_classes(dataset, card.classes, str(path))
    images = dataset.splits[split]
    scores = score(network, images, card.preprocessing, workers=decoding_workers(workers))
    return EvaluatedScenes(
        str(path), dataset.source, split, len(images), card.classes, scores, dataset.skipped, dataset.notes
    )
