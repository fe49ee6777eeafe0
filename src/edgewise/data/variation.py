"""What each sample looks like to the network: the fixed view of it, or one varied at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from edgewise.data.augmentation import FIRST_OPERATION, Augmentation, crop_box, flipped, shifted
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.rand_augment import DRAWS, rand_augment
from edgewise.data.randomness import Purpose, uniform

# Random crops are resized as tensors, which is faster; of the rarer filters torch has only the nearest relative.
_TENSOR_MODES = {
    "nearest": InterpolationMode.NEAREST,
    "box": InterpolationMode.BILINEAR,
    "bilinear": InterpolationMode.BILINEAR,
    "bicubic": InterpolationMode.BICUBIC,
    "lanczos": InterpolationMode.BICUBIC,
}


@dataclass(frozen=True)
class Variation:
    """The random part of loading. Without `augmentation`, images are as in evaluation."""

    seed: int
    preprocessing: Preprocessing
    augmentation: Augmentation | None

    def draws(self, epoch: int, samples: np.ndarray) -> np.ndarray:
        return uniform(self.seed, Purpose.AUGMENTATION, epoch, samples, FIRST_OPERATION + DRAWS)

    @property
    def resizes(self) -> bool:
        return self.augmentation is not None and self.augmentation.crop == "resized"

    def view(self, image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """One image, uint8 (H, W, 3), at the network's size: the random crop of it, or the centre."""
        if not self.resizes or self.augmentation is None:
            return self.preprocessing.resized(image)
        top, left, high, wide = crop_box(image.shape[0], image.shape[1], draws, self.augmentation.scale)
        cut = torch.tensor(image[top : top + high, left : left + wide]).permute(2, 0, 1)
        size = [self.preprocessing.height, self.preprocessing.width]
        mode = _TENSOR_MODES[self.preprocessing.interpolation]
        return functional.resize(cut, size, interpolation=mode, antialias=True).permute(1, 2, 0).numpy()

    def varied(self, images: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """What is done at random at the network's size: uint8 (N, height, width, 3) to the same."""
        augmentation = self.augmentation
        if augmentation is None:
            return images
        fill = np.round(np.asarray(self.preprocessing.mean) * 255).clip(0, 255).astype(np.uint8)
        if augmentation.crop == "pad" and augmentation.pad:
            images = shifted(images, draws, augmentation.pad, fill)
        if augmentation.flip:
            images = flipped(images, draws)
        if augmentation.rand_augment:
            tensor = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
            operations = draws[:, FIRST_OPERATION:]
            tensor = rand_augment(tensor, operations, augmentation.rand_augment, fill.tolist())
            images = tensor.permute(0, 2, 3, 1).numpy()
        return images
