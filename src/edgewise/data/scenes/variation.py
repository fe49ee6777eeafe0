"""What a scene looks like to the network: image and boxes, or image and mask, changed alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from edgewise.data.augmentation import Augmentation
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.randomness import Purpose, uniform
from edgewise.data.scenes.annotations import Boxes

LABEL, UNSCORED, FIELDS = 4, 5, 6
"""Columns of a box in a batch: left, top, right and bottom as shares of the image, its class, and whether it is not to
be scored."""

NO_BOX = -1.0
"""The class of what fills a batch up to its longest list of boxes."""

_RATIOS = (3 / 4, 4 / 3)
_OUT = (1.0, 2.0)


@dataclass(frozen=True)
class SceneVariation:
    """The fixed view of scenes, or with `augmentation` one varied at random.

    "resized" crops boxes' images as SSD does (a part in which some box lies to a random share, section 2.2; or the
    whole, made smaller), and masks' images to a random part of the area that `scale` bounds.
    """

    seed: int
    preprocessing: Preprocessing
    augmentation: Augmentation | None

    def boxes(self, image: np.ndarray, things: Boxes, epoch: int, sample: int) -> tuple[np.ndarray, np.ndarray]:
        """The image uint8 (height, width, 3), and its boxes float32 (N, 6) (`FIELDS`)."""
        if self.augmentation is None:
            return self.preprocessing.resized(image), in_shares(things, image.shape[:2])
        rest = np.stack([things.labels, things.unscored], 1).astype(np.float32)
        boxes = tv_tensors.BoundingBoxes(
            torch.from_numpy(things.boxes),
            format="XYXY",
            canvas_size=image.shape[:2],  # pyright: ignore[reportCallIssue]
        )
        given = {"image": _image(image), "boxes": boxes, "labels": torch.from_numpy(rest)}
        with _seeded(self._key(epoch, sample)):
            made = self._for_boxes(self.augmentation)(given)
        size = self._size
        shares = made["boxes"].numpy() / np.array([size[1], size[0], size[1], size[0]], np.float32)
        return _pixels(made["image"]), np.concatenate([shares, made["labels"].numpy()], 1).astype(np.float32)

    def mask(self, image: np.ndarray, mask: np.ndarray, epoch: int, sample: int) -> tuple[np.ndarray, np.ndarray]:
        """The image uint8 (height, width, 3), and its mask uint8 (height, width)."""
        if self.augmentation is None:
            return self.preprocessing.resized(image), resized_mask(mask, self.preprocessing)
        given = {"image": _image(image), "mask": tv_tensors.Mask(torch.from_numpy(np.ascontiguousarray(mask)))}
        with _seeded(self._key(epoch, sample)):
            made = self._for_masks(self.augmentation)(given)
        return _pixels(made["image"]), made["mask"].numpy()

    @property
    def _size(self) -> tuple[int, int]:
        return (self.preprocessing.height, self.preprocessing.width)

    def _key(self, epoch: int, sample: int) -> int:
        return int(uniform(self.seed, Purpose.AUGMENTATION, epoch, np.array([sample]), 1)[0, 0] * 2**32)

    def _for_boxes(self, augmentation: Augmentation) -> v2.Transform:
        fit = v2.Resize(list(self._size), antialias=True)
        steps: list[v2.Transform] = [v2.RandomPhotometricDistort()] if augmentation.photometric else []
        if augmentation.crop == "resized":
            fill = [round(255 * value) for value in self.preprocessing.mean]
            steps += [v2.RandomIoUCrop(), fit, v2.RandomZoomOut(fill=fill, side_range=_OUT)]
        steps += [v2.RandomHorizontalFlip()] if augmentation.flip else []
        # What a crop has left nothing of is gone with its label.
        return v2.Compose([*steps, fit, v2.SanitizeBoundingBoxes(labels_getter=lambda sample: sample["labels"])])

    def _for_masks(self, augmentation: Augmentation) -> v2.Transform:
        steps: list[v2.Transform] = [v2.RandomPhotometricDistort()] if augmentation.photometric else []
        if augmentation.crop == "resized":
            steps.append(v2.RandomResizedCrop(self._size, scale=augmentation.scale, ratio=_RATIOS, antialias=True))
        else:
            steps.append(v2.Resize(list(self._size), antialias=True))
        return v2.Compose([*steps, *([v2.RandomHorizontalFlip()] if augmentation.flip else [])])


def in_shares(things: Boxes, size: tuple[int, ...]) -> np.ndarray:
    """The boxes of an image of `size`, height and width, as they stand in a batch: float32 (N, 6)."""
    high, wide = size
    shares = things.boxes / np.array([wide, high, wide, high], np.float32)
    return np.concatenate([shares, np.stack([things.labels, things.unscored], 1)], 1, dtype=np.float32)


def resized_mask(mask: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """The mask at the network's size; a pixel has the class of the nearest."""
    size = (preprocessing.width, preprocessing.height)
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def _image(image: np.ndarray) -> tv_tensors.Image:
    return tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1))


def _pixels(image: torch.Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).contiguous().numpy()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """torch's own random numbers from a seed, and as they were afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
