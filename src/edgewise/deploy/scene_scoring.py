"""The artifact of a network for boxes or masks on images: what it finds, and its scores on a split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgewise.data import Batches, Split
from edgewise.deploy.artifact import ArtifactCard, read_architecture, read_artifact
from edgewise.deploy.scoring import as_given
from edgewise.detection import Detections, anchor_boxes, selected
from edgewise.devices import run_each
from edgewise.errors import EdgewiseError
from edgewise.training import DetectionEvaluation, SegmentationEvaluation

if TYPE_CHECKING:
    from torch import Tensor

_BATCH = 16

_CHUNK_BYTES = 256 * 2**20
"""Of images: what is worth starting a runtime for."""


@dataclass(frozen=True)
class SceneArtifact:
    """An artifact for boxes or masks, as `runtime` computes it."""

    path: Path
    card: ArtifactCard
    runtime: str = "onnxruntime"
    precision: str = "fp32"
    threads: int = 1

    @cached_property
    def anchors(self) -> np.ndarray:
        return anchor_boxes(read_architecture(self.path))

    def outputs(self, images: np.ndarray) -> Iterator[list[np.ndarray]]:
        """What it gives for each of the normalised images `(N, 3, H, W)`."""
        given = as_given(images, self.card)
        return run_each(self.path, given, runtime=self.runtime, precision=self.precision, threads=self.threads)

    def boxes(self, images: np.ndarray) -> Iterator[Detections]:
        """What it finds in each image, decoded by itself or here."""
        for outputs in self.outputs(images):
            if self.card.selection is None:
                yield selected(outputs[0][0], outputs[1][0], self.anchors)
            else:
                yield Detections(*outputs)

    def scores(self, images: np.ndarray) -> Iterator[np.ndarray]:
        """Of each image the class scores of its pixels, `(K, H, W)`."""
        for outputs in self.outputs(images):
            yield outputs[0][0]


def evaluate_scene_artifact(
    path: Path,
    split: Split,
    *,
    card: ArtifactCard | None = None,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    workers: int = 0,
) -> DetectionEvaluation | SegmentationEvaluation:
    """Scores the artifact on the boxes or masks of `split`, as `runtime` computes it in `precision`.

    Raises `EdgewiseError` when the split is empty, of another task or has more classes, or the runtime fails.
    """
    import torch

    from edgewise.training.scene_scores import DetectionScores, SegmentationScores
    from edgewise.training.scoring import task_of

    if card is None or path.suffix == ".onnx":  # whether it suppresses boxes itself only the file can say
        card = read_artifact(path)
    if not len(split):
        raise EdgewiseError(f"the {split.name} split has no images to evaluate {path} on; give one that has some")
    if card.task != task_of(split):
        raise EdgewiseError(f"{path} is for the task {card.task} and the data for {task_of(split)}; give data for it")
    if split.labels.shape[1] > len(card.classes):
        raise EdgewiseError(
            f"the {split.name} split has {split.labels.shape[1]} classes and {path} tells {len(card.classes)} apart; "
            "use data of its classes"
        )
    artifact = SceneArtifact(path, card, runtime, precision, threads)
    batches = Batches(split, card.preprocessing, batch_size=_BATCH, seed=0, shuffle=False, workers=workers)
    if card.task == "detect":
        detected = DetectionScores(read_architecture(path))
        for images, targets in _chunks(batches):
            for found, target in zip(artifact.boxes(images), targets, strict=True):
                detected.add([found], target[None])
        return detected.compute()
    told = SegmentationScores(len(card.classes), torch.device("cpu"))
    for images, targets in _chunks(batches):
        for scores, target in zip(artifact.scores(images), targets, strict=True):
            told.update(torch.from_numpy(scores)[None], target[None])
    return told.compute()


def _chunks(batches: Batches) -> Iterator[tuple[np.ndarray, list[Tensor]]]:
    """Images joined, each with its target: of boxes these have different lengths."""
    images: list[np.ndarray] = []
    targets: list[Tensor] = []
    for batch, labels in batches:
        images.append(np.ascontiguousarray(batch.numpy()))
        targets += list(labels)
        if sum(part.nbytes for part in images) >= _CHUNK_BYTES:
            yield np.concatenate(images), targets
            images, targets = [], []
    if images:
        yield np.concatenate(images), targets
