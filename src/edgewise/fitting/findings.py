"""Test images with their labels drawn on them, and with what the delivered artifact finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from edgewise.data import Dataset
from edgewise.data.scenes.annotations import BoxAnnotations, MaskAnnotations
from edgewise.deploy.artifact import read_artifact
from edgewise.deploy.scene_scoring import SceneArtifact
from edgewise.explaining.overlay import Framed, with_boxes, with_mask
from edgewise.explaining.thumbs import Shown

SHOWN = 12

_LEAST = 0.5
"""Boxes that the network is less sure of are not drawn."""


def findings(artifact: Path, dataset: Dataset, runtime: str, precision: str) -> tuple[Shown, ...]:
    """Some test images, evenly drawn; none of data without boxes and masks."""
    split = dataset.splits["test"]
    if split.annotations is None:
        return ()
    some = split.spread(SHOWN)
    card = read_artifact(artifact)
    pixels = [some.load(index) for index in range(len(some))]
    images = np.stack([card.preprocessing.apply(one) for one in pixels])
    runner = SceneArtifact(artifact, card, runtime, precision)
    if isinstance(some.annotations, BoxAnnotations):
        drawn = _boxes(runner, some.annotations, dataset.classes, pixels, images)
    else:
        assert isinstance(some.annotations, MaskAnnotations)
        drawn = _masks(runner, some.annotations, len(dataset.classes), pixels, images)
    return tuple(Shown(labelled, found, Path(some.path(index)).name) for index, (labelled, found) in enumerate(drawn))


def _boxes(
    runner: SceneArtifact,
    annotations: BoxAnnotations,
    classes: tuple[str, ...],
    pixels: list[np.ndarray],
    images: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for picture, truth, all_found in zip(pixels, annotations.images, runner.boxes(images), strict=True):
        found = all_found.above(_LEAST)
        places = found.in_pixels(*picture.shape[:2]).tolist()
        theirs = [_framed(box, label, classes) for box, label in zip(truth.boxes.tolist(), truth.labels, strict=True)]
        ours = [_framed(box, label, classes) for box, label in zip(places, found.labels, strict=True)]
        yield with_boxes(picture, theirs), with_boxes(picture, reversed(ours))


def _framed(box: list[float], label: int, classes: tuple[str, ...]) -> Framed:
    return Framed((box[0], box[1], box[2], box[3]), int(label), classes[label])


def _masks(
    runner: SceneArtifact, annotations: MaskAnnotations, classes: int, pixels: list[np.ndarray], images: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for index, (picture, scores) in enumerate(zip(pixels, runner.scores(images), strict=True)):
        height, width = picture.shape[:2]
        small = Image.fromarray(scores.argmax(0).astype(np.uint8))
        mask = np.asarray(small.resize((width, height), Image.Resampling.NEAREST))
        yield with_mask(picture, annotations.load(index), classes), with_mask(picture, mask, classes)
