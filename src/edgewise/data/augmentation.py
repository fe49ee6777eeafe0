"""Random changes to training images, each decided by numbers that belong to the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgewise.errors import EdgewiseError

# Columns of a sample's random numbers.
TOP, LEFT, FLIP, AREA, RATIO, FIRST_OPERATION = range(6)

# Width over height of the area that a resized crop is cut from, as in Szegedy et al., "Going deeper with convolutions".
_RATIOS = (3 / 4, 4 / 3)


@dataclass(frozen=True)
class Augmentation:
    """What is done at random to the images a network is trained on.

    crop: "none" takes the image as in evaluation; "pad" shifts it by up to `pad` pixels each way, for small images;
        "resized" cuts out an area of random place, size and shape and resizes that, for photographs.
    flip: mirror about half of the images left to right.
    rand_augment: magnitude 1 to 30 of two random operations an image (Cubuk et al., "RandAugment", 2020); 0 is off.
    pad: how far "pad" shifts, in pixels of the network's input; what comes in is the mean colour.
    scale: smallest and largest share of the image's area that "resized" cuts out.
    photometric: random brightness, contrast, saturation and hue, for images with boxes or masks (SSD, section 3.6).
    """

    crop: Literal["none", "pad", "resized"] = "none"
    flip: bool = False
    rand_augment: int = 0
    pad: int = 4
    scale: tuple[float, float] = (0.08, 1.0)
    photometric: bool = False

    def __post_init__(self) -> None:
        if self.crop not in {"none", "pad", "resized"}:
            raise EdgewiseError(f"augmentation knows the crops none, pad and resized, not {self.crop!r}")
        if not 0 <= self.rand_augment <= 30:
            raise EdgewiseError(f"RandAugment's magnitude lies between 0 (off) and 30, not {self.rand_augment}")
        if self.pad < 0:
            raise EdgewiseError(f"augmentation pads by 0 or more pixels, not {self.pad}")
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise EdgewiseError(f"a resized crop takes shares of the area in (0, 1], smallest first, not {self.scale}")


def shifted(images: np.ndarray, draws: np.ndarray, pad: int, fill: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3), each moved by up to `pad` pixels up or down and left or right; `fill` is (3,)."""
    count, high, wide, channels = images.shape
    padded = np.empty((count, high + 2 * pad, wide + 2 * pad, channels), np.uint8)
    padded[:] = fill
    padded[:, pad : pad + high, pad : pad + wide] = images
    tops = (draws[:, TOP] * (2 * pad + 1)).astype(np.int64).tolist()
    lefts = (draws[:, LEFT] * (2 * pad + 1)).astype(np.int64).tolist()
    out = np.empty_like(images)
    for sample, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        out[sample] = padded[sample, top : top + high, left : left + wide]
    return out


def flipped(images: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) with about half of the images mirrored left to right."""
    return np.where((draws[:, FLIP] < 0.5)[:, None, None, None], images[:, :, ::-1], images)


def crop_box(high: int, wide: int, draws: np.ndarray, scale: tuple[float, float]) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the area a resized crop cuts from an image of `high` x `wide` pixels.

    Its share of the area is uniform in `scale` and the logarithm of its shape uniform between 3:4 and 4:3. A side
    that would be longer than the image's is cut to it, where torchvision draws again: one sample, one set of numbers.
    """
    area = high * wide * (scale[0] + (scale[1] - scale[0]) * draws[AREA])
    low, top_ratio = (math.log(ratio) for ratio in _RATIOS)
    ratio = math.exp(low + (top_ratio - low) * draws[RATIO])
    box_wide = min(max(round(math.sqrt(area * ratio)), 1), wide)
    box_high = min(max(round(math.sqrt(area / ratio)), 1), high)
    top = int(draws[TOP] * (high - box_high + 1))
    left = int(draws[LEFT] * (wide - box_wide + 1))
    return top, left, box_high, box_wide
