"""A network and images small enough to train in a fraction of a second, and a task that can be learnt."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edgewise.data import Preprocessing, Split
from edgewise.data.images import StoredImages
from edgewise.training import Recipe, train

PREPROCESSING = Preprocessing(8, 8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


class SmallNetwork(nn.Module):
    """Convolution, batch norm, depthwise convolution, dropout: what needs care in a resumed run."""

    def __init__(self, classes: int = 3, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(8)
            self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
            self.dropout = nn.Dropout(0.1)
            self.classes = nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(self.norm(self.stem(x)).relu()).relu()
        return self.classes(self.dropout(y.mean((2, 3))))


def images(name: str, count: int, *, classes: int = 3, seed: int = 0, multi_label: bool = False) -> Split:
    """Noise in which the label brightens one colour; with several labels, several colours."""
    random = np.random.default_rng(seed)
    hot = np.eye(classes, dtype=bool)[random.integers(0, classes, count)]
    if multi_label:
        hot |= random.random((count, classes)) < 0.3
    pixels = random.integers(0, 120, (count, 8, 8, 3), dtype=np.int64)
    pixels[..., :] += 60 * hot[:, None, None, :3]
    labels = hot.astype(np.float32) if multi_label else hot.argmax(1)
    return Split(name, StoredImages(pixels.astype(np.uint8), [f"{name} {index}" for index in range(count)]), labels)


def splits(train_images: int = 100, val_images: int = 33, *, multi_label: bool = False) -> dict[str, Split]:
    return {
        "train": images("train", train_images, seed=1, multi_label=multi_label),
        "val": images("val", val_images, seed=2, multi_label=multi_label),
    }


LONG_RECIPE = Recipe(
    epochs=3, batch_size=8, learning_rate=0.05, ema=0.99, mixup=0.2, cutmix=1.0, precision="32", clip_norm=1.0
)
LONG_IMAGES = 1200


def main() -> None:
    """The run that the test of `kill -9` kills: it writes a checkpoint after every step."""
    torch.set_num_threads(1)
    data = splits(LONG_IMAGES)
    train(
        SmallNetwork(),
        data,
        LONG_RECIPE,
        Path(sys.argv[1]),
        preprocessing=PREPROCESSING,
        accelerator="cpu",
        checkpoint_seconds=0.0,
        progress=False,
    )


if __name__ == "__main__":
    main()
