"""Batches of images with boxes or masks: what they hold, and that they depend on seed, epoch and image alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scene_folders import CAT, HEIGHT, WIDTH, camvid, mask, voc

from edgewise.blocks import Task
from edgewise.data import Augmentation, Batches, Dataset, Preprocessing
from edgewise.data.assemble import Options
from edgewise.data.scenes import open_boxes, open_masks
from edgewise.data.scenes.composed import open_scenes
from edgewise.data.scenes.variation import LABEL, UNSCORED
from edgewise.errors import EdgewiseError

PREPROCESSING = Preprocessing(60, 120, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), stretch=True)
STRONG = Augmentation(crop="resized", flip=True, photometric=True, scale=(0.3, 1.0))


def batches(dataset: Dataset, augmentation: Augmentation | None = None, *, size: int = 2, workers: int = 0) -> Batches:
    return Batches(
        dataset.splits["all"] if "all" in dataset.splits else dataset.splits["train"],
        PREPROCESSING,
        batch_size=size,
        seed=3,
        augmentation=augmentation,
        shuffle=augmentation is not None,
        workers=workers,
    )


def test_boxes_are_shares_of_the_stretched_image(tmp_path: Path) -> None:
    dataset = open_boxes(voc(tmp_path), Options(only="all"))
    images, targets = next(iter(batches(dataset)))
    assert images.shape == (2, 3, 60, 120)
    assert targets.shape == (2, 2, 6)
    np.testing.assert_allclose(targets[0, 0, :4] * torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT]), CAT, atol=1e-4)
    assert targets[0, :, LABEL].tolist() == [0, 1]
    assert targets[0, :, UNSCORED].tolist() == [0, 1]


def test_masks_are_stretched_like_the_image(tmp_path: Path) -> None:
    dataset = open_masks(camvid(tmp_path), Options(only="all"))
    images, targets = next(iter(batches(dataset)))
    assert images.shape == (2, 3, 60, 120)
    assert targets.dtype == torch.uint8
    np.testing.assert_array_equal(targets[0, ::2, ::3], mask())


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_variation_depends_on_the_seed_the_epoch_and_the_image(task: Task) -> None:
    dataset = open_scenes(task, Options())
    some = Dataset(dataset.source, dataset.classes, False, {"all": dataset.splits["train"].take(range(24))}, "", "")

    def of_epoch(epoch: int, size: int, workers: int = 0) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        made = batches(some, STRONG, size=size, workers=workers)
        made.set_epoch(epoch)
        order = np.concatenate(made.samples(epoch))
        rows = [
            (image, target[target[:, LABEL] >= 0] if task == "detect" else target)
            for images, targets in made
            for image, target in zip(images.numpy(), targets.numpy(), strict=True)
        ]
        return dict(zip(order.tolist(), rows, strict=True))

    first, again, other = of_epoch(0, 4), of_epoch(0, 6, workers=1), of_epoch(1, 4)
    for index, (image, target) in first.items():
        np.testing.assert_array_equal(image, again[index][0])
        np.testing.assert_array_equal(target, again[index][1])
    assert any((image != other[index][0]).any() for index, (image, _) in first.items())


def test_varied_boxes_follow_the_ink() -> None:
    """Whatever is done to the image, each box has the brightest pixels of its digit in it."""
    dataset = open_scenes("detect", Options())
    plain = Preprocessing(96, 96, (0, 0, 0), (1, 1, 1), stretch=True)
    made = Batches(
        dataset.splits["train"].take(range(60)),
        plain,
        batch_size=60,
        seed=0,
        augmentation=Augmentation(crop="resized", flip=True),
        shuffle=True,
        workers=0,
    )
    images, targets = next(iter(made))
    checked = 0
    for image, rows in zip(images, targets, strict=True):
        for left, top, right, bottom, label, _ in rows.tolist():
            if label >= 0 and (right - left) * (bottom - top) > 0.01:
                inside = image[0, round(96 * top) : round(96 * bottom), round(96 * left) : round(96 * right)]
                assert float(inside.max()) > 0.4
                checked += 1
    assert checked > 60


def test_a_mask_that_becomes_damaged_is_named(tmp_path: Path) -> None:
    root = camvid(tmp_path)
    dataset = open_masks(root, Options(only="all"))
    path = next((root / "train" / "labels").glob("*.png"))
    path.write_bytes(b"no image")
    with pytest.raises(EdgewiseError, match="has a mask that cannot be read"):
        list(batches(dataset))
