"""The artifact on images: its class scores, and its accuracy on a split, from the runtime that ships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from edgewise.data import Batches, Split
from edgewise.deploy.artifact import ArtifactCard, read_artifact
from edgewise.devices import run
from edgewise.errors import EdgewiseError
from edgewise.training import Evaluation

_CHUNK_BYTES = 256 * 2**20


def artifact_logits(
    path: Path,
    card: ArtifactCard,
    pixels: np.ndarray,
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
) -> np.ndarray:
    """Class scores `(N, K)` for uint8 images `(N, height, width, 3)` of the artifact's size."""
    if card.normalise_inside:
        images = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    else:
        images = np.stack([card.preprocessing.normalised(image) for image in pixels])
    return run(path, images, runtime=runtime, precision=precision, threads=threads)


def evaluate_artifact(
    path: Path,
    split: Split,
    *,
    card: ArtifactCard | None = None,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    workers: int = 0,
    keep_probabilities: bool = True,
) -> Evaluation:
    """Scores the artifact on all images of `split`, as `runtime` computes it in `precision`, `keep_probabilities` as
    in `training.evaluate`. `card` says how images are prepared where that is known; else the artifact is asked.

    Raises `EdgewiseError` when the split is empty or its labels are not of the artifact's kind and classes, or the
    runtime fails.
    """
    import torch

    from edgewise.training.scores import Scores

    card = card or read_artifact(path)
    classes = len(card.classes)
    if not len(split):
        raise EdgewiseError(f"the {split.name} split has no images to evaluate {path} on; give one that has some")
    multi_label = split.labels.ndim == 2
    if multi_label != card.multi_label:
        says, gives = ("several labels", "one label") if multi_label else ("one label", "several labels")
        raise EdgewiseError(
            f"the {split.name} split has {says} an image and {path} gives {gives}; use data of the artifact's kind"
        )
    known = split.labels.shape[1] if multi_label else int(split.labels.max()) + 1
    if known > classes or (multi_label and known != classes):
        raise EdgewiseError(
            f"the {split.name} split has {known} classes and {path} tells {classes} apart; use data of its classes"
        )
    batches = Batches(split, card.preprocessing, batch_size=256, seed=0, shuffle=False, workers=workers)
    scores = Scores(
        classes, multi_label=card.multi_label, device=torch.device("cpu"), keep_probabilities=keep_probabilities
    )
    for images, targets in _chunks(batches):
        logits = run(path, as_given(images, card), runtime=runtime, precision=precision, threads=threads)
        scores.update(torch.from_numpy(logits), torch.from_numpy(targets))
    return scores.compute()


def _chunks(batches: Iterable[tuple[object, object]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches joined until they are worth starting a runtime for."""
    images: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for batch, labels in batches:
        images.append(np.ascontiguousarray(batch.numpy()))  # type: ignore[attr-defined]
        targets.append(labels.numpy())  # type: ignore[attr-defined]
        if sum(part.nbytes for part in images) >= _CHUNK_BYTES:
            yield np.concatenate(images), np.concatenate(targets)
            images, targets = [], []
    if images:
        yield np.concatenate(images), np.concatenate(targets)


def as_given(images: np.ndarray, card: ArtifactCard) -> np.ndarray:
    """Normalised images `(N, 3, H, W)` as the artifact takes them: one that normalises itself wants the pixels back."""
    if not card.normalise_inside:
        return images
    mean = np.array(card.preprocessing.mean, np.float32).reshape(1, 3, 1, 1)
    deviation = np.array(card.preprocessing.std, np.float32).reshape(1, 3, 1, 1)
    return np.rint((images * deviation + mean) * 255).clip(0, 255).astype(np.uint8)
