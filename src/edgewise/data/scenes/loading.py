"""Batches of scenes: images with their boxes or masks, decoded and varied by workers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from edgewise.data.augmentation import Augmentation
from edgewise.data.dataset import Split
from edgewise.data.decode import UnreadableError, quiet
from edgewise.data.loading import Loaded, load, next_sound, worker_batches
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.scenes.annotations import BoxAnnotations, MaskAnnotations
from edgewise.data.scenes.variation import FIELDS, LABEL, NO_BOX, SceneVariation


class SceneSource:
    """Gives batches of a split that has annotations: images with targets, which are float32 (N, M, 6) for boxes (M is
    the longest list's, `variation.FIELDS`) and uint8 (N, height, width) for masks."""

    def __init__(
        self,
        split: Split,
        preprocessing: Preprocessing,
        augmentation: Augmentation | None,
        *,
        seed: int,
        replace_bad: bool,
        workers: int,
    ) -> None:
        variation = SceneVariation(seed, preprocessing, augmentation)
        self._samples = _Scenes(split, variation, replace_bad)
        self._workers = workers

    def batches(self, epoch: int, plan: Sequence[np.ndarray]) -> Generator[Loaded]:
        for images, targets, samples, bad in worker_batches(self._samples, epoch, plan, self._workers):
            yield Loaded(images.numpy(), samples.numpy(), bad, targets.numpy())


_Sent = tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[tuple[int, str]]]


class _Scenes(Dataset[_Sent]):
    """What runs in a worker."""

    def __init__(self, split: Split, variation: SceneVariation, replace_bad: bool) -> None:
        self._split = replace(split, kept={})
        self._variation = variation
        self._replace_bad = replace_bad

    def __getitems__(self, keys: list[tuple[int, int]]) -> _Sent:
        views: list[np.ndarray] = []
        targets: list[np.ndarray] = []
        held: list[int] = []
        bad: list[tuple[int, str]] = []
        with quiet():
            for epoch, sample in keys:
                found = next_sound(len(self._split), sample, self._read, bad, replaced=self._replace_bad)
                if found is None:
                    continue
                index, (image, annotation) = found
                if isinstance(annotation, np.ndarray):
                    view, target = self._variation.mask(image, annotation, epoch, sample)
                else:
                    view, target = self._variation.boxes(image, annotation, epoch, sample)
                views.append(view)
                targets.append(target)
                held.append(index)
        size = (self._variation.preprocessing.height, self._variation.preprocessing.width)
        images = np.stack(views) if views else np.empty((0, *size, 3), np.uint8)
        boxes = isinstance(self._split.annotations, BoxAnnotations)
        batch = _padded(targets) if boxes else np.stack(targets) if targets else np.empty((0, *size), np.uint8)
        return torch.from_numpy(images), torch.from_numpy(batch), torch.tensor(held, dtype=torch.int64), bad

    def _read(self, index: int) -> tuple[np.ndarray, Any]:
        annotations = self._split.annotations
        image = load(self._split, index)
        if isinstance(annotations, MaskAnnotations):
            mask = annotations.load(index)
            if mask.shape != image.shape[:2]:
                raise UnreadableError("has a mask of another size")
            return image, mask
        assert isinstance(annotations, BoxAnnotations)
        return image, annotations.images[index]


def _padded(targets: Sequence[np.ndarray]) -> np.ndarray:
    """Lists of boxes as one array, filled up with boxes of no class."""
    longest = max((len(one) for one in targets), default=0)
    batch = np.zeros((len(targets), longest, FIELDS), np.float32)
    batch[..., LABEL] = NO_BOX
    for row, one in enumerate(targets):
        batch[row, : len(one)] = one
    return batch
