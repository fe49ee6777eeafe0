from __future__ import annotations

import numpy as np

from edgewise.data import open_dataset


def test_digits():
    dataset = open_dataset("digits")
    assert dataset.classes == tuple("0123456789")
    assert sum(len(split) for split in dataset.splits.values()) == 1797
    assert abs(len(dataset.splits["test"]) - 180) <= 5
    image = dataset.splits["train"].load(0)
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.uint8
    for split in dataset.splits.values():
        assert np.bincount(split.labels, minlength=10).min() >= 17
    assert open_dataset("digits").digest == dataset.digest


def test_digits_are_smooth_and_what_they_were():
    from sklearn.datasets import load_digits

    flat, target = load_digits(return_X_y=True)
    split = open_dataset("digits").splits["test"]
    for index in range(5):
        number = int(split.path(index).split("/")[1])
        assert split.labels[index] == target[number]
        image = split.load(index)[:, :, 0].astype(float)
        shrunk = image.reshape(8, 4, 8, 4).mean((1, 3)) / 255 * 16
        assert np.abs(shrunk - flat[number].reshape(8, 8)).mean() < 1.2
        assert len(np.unique(image)) > 17  # values between those of the source
