"""What a dataset's images are like: their usual size, and the mean and deviation of their colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgewise.data.dataset import Split
from edgewise.data.decode import UnreadableError, quiet
from edgewise.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgewise.errors import EdgewiseError

LARGEST = 224
"""Pixels a side beyond which images are resized: what the papers' networks are made for."""

SMALL = 64
"""Images up to this many pixels a side are taken whole; larger ones are cut a little narrower, as the papers do."""

_SAMPLED = 512


@dataclass(frozen=True)
class Statistics:
    """Of up to 512 images, evenly drawn: the median short side in pixels, and the mean and deviation per channel of
    values in [0, 1]."""

    short_side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def size(self) -> int:
        """The input size that suits the images: their own short side, at most 224, as a multiple of 32 from 96 on."""
        side = min(self.short_side, LARGEST)
        return max(32, side // 32 * 32) if side >= 96 else max(16, side)


def statistics(split: Split) -> Statistics:
    """Looks at images of `split`. Raises `EdgewiseError` when none of them can be read."""
    count = len(split)
    indices = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED)).astype(int))
    sides: list[int] = []
    sums, squares, pixels = np.zeros(3), np.zeros(3), 0
    for index in indices:
        try:
            with quiet():
                image = split.images.load(int(index))
        except UnreadableError:
            continue  # whoever decodes the whole split names it
        sides.append(min(image.shape[:2]))
        values = image.reshape(-1, 3)
        values = values[:: max(1, len(values) // 4096)].astype(np.float64) / 255
        sums += values.sum(0)
        squares += (values**2).sum(0)
        pixels += len(values)
    if not sides:
        raise EdgewiseError(f"none of the images of the {split.name} split can be read; check the data")
    mean = sums / pixels
    deviation = np.sqrt(np.maximum(squares / pixels - mean**2, 1e-4))
    return Statistics(int(np.median(sides)), _rounded(mean), _rounded(deviation))


def preprocessing_for(size: int, found: Statistics | None = None) -> Preprocessing:
    """The path from an image to an input of `size` pixels: normalised by `found`, or by ImageNet's colours."""
    return Preprocessing(
        height=size,
        width=size,
        mean=found.mean if found else IMAGENET_MEAN,
        std=found.std if found else IMAGENET_STD,
        crop=1.0 if size <= SMALL else 0.875,
    )


def _rounded(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 4) for value in values)
    return red, green, blue
