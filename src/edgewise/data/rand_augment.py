"""RandAugment over a whole batch at once.

With one magnitude for all images, as in Cubuk et al., "RandAugment: practical automated data augmentation with a
reduced search space" (2020), the images of a batch that drew the same operation share its parameters too, so each
operation runs once a batch instead of once an image. Operations and ranges are the paper's, as torchvision sets them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

OPERATIONS_PER_IMAGE = 2
DRAWS = 2 * OPERATIONS_PER_IMAGE  # for each operation: which, and in which direction

_LARGEST = 30


def rand_augment(images: Tensor, draws: np.ndarray, magnitude: int, fill: Sequence[int]) -> Tensor:
    """Two random operations on each image.

    images: uint8 (N, 3, H, W). draws: float (N, DRAWS) in [0, 1). magnitude: 1 to 30.
    fill: the colour, (3,) in 0 to 255, of what moves into the image.
    """
    for column in range(0, DRAWS, 2):
        chosen = (draws[:, column] * len(_OPERATIONS)).astype(np.int64)
        forward = draws[:, column + 1] < 0.5
        out = images.clone()
        for number, operation in enumerate(_OPERATIONS):
            for sign in (1, -1):
                rows = np.flatnonzero((chosen == number) & (forward == (sign > 0)))
                if len(rows):
                    where = torch.from_numpy(rows)
                    out[where] = operation(images[where], sign * magnitude / _LARGEST, [float(each) for each in fill])
        images = out
    return images


_Operation = Callable[[Tensor, float, "list[float]"], Tensor]


def _affine(
    images: Tensor, fill: list[float], translate: tuple[int, int] = (0, 0), shear: tuple[float, float] = (0, 0)
) -> Tensor:
    return functional.affine(
        images,
        angle=0.0,
        translate=list(translate),
        scale=1.0,
        shear=[float(np.degrees(np.arctan(side))) for side in shear],
        interpolation=InterpolationMode.NEAREST,
        center=[0, 0],
        fill=fill,
    )


# The strength runs from -1 to 1; operations without a direction take its size.
_OPERATIONS: tuple[_Operation, ...] = (
    lambda images, strength, fill: images,
    lambda images, strength, fill: _affine(images, fill, shear=(0.3 * strength, 0)),
    lambda images, strength, fill: _affine(images, fill, shear=(0, 0.3 * strength)),
    lambda images, strength, fill: _affine(images, fill, translate=(int(150 / 331 * images.shape[-1] * strength), 0)),
    lambda images, strength, fill: _affine(images, fill, translate=(0, int(150 / 331 * images.shape[-2] * strength))),
    lambda images, strength, fill: functional.rotate(images, 30 * strength, fill=fill),
    lambda images, strength, fill: functional.adjust_brightness(images, 1 + 0.9 * strength),
    lambda images, strength, fill: functional.adjust_saturation(images, 1 + 0.9 * strength),
    lambda images, strength, fill: functional.adjust_contrast(images, 1 + 0.9 * strength),
    lambda images, strength, fill: functional.adjust_sharpness(images, 1 + 0.9 * strength),
    lambda images, strength, fill: functional.posterize(images, 8 - round(4 * abs(strength))),
    lambda images, strength, fill: functional.solarize(images, 255 * (1 - abs(strength))),
    lambda images, strength, fill: functional.autocontrast(images),
    lambda images, strength, fill: functional.equalize(images),
)
