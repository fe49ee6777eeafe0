from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torchvision
from pictures import class_folders, noise

from edgewise.data import open_dataset
from edgewise.errors import EdgewiseError


class FakeCifar:
    """What torchvision's classes offer, with 40 images to train on and 20 to test."""

    base_folder = "cifar-10-batches-py"
    url = "https://example.org/cifar-10-python.tar.gz"

    def __init__(self, root: str, train: bool, download: bool) -> None:
        if not (Path(root) / self.base_folder).is_dir():
            raise OSError("no route to host")
        count = 40 if train else 20
        self.data = np.stack([noise(index + train, 32, 32) for index in range(count)])
        self.targets = [index % 2 for index in range(count)]
        self.classes = ["cat", "dog"]


@pytest.mark.parametrize("name", ["cifar10", "CIFAR-10"])
def test_cifar(tmp_path, monkeypatch, name):
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", FakeCifar)
    (tmp_path / "cifar-10-batches-py").mkdir()
    dataset = open_dataset(name, root=tmp_path)
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 36, "val": 4, "test": 20}
    assert dataset.classes == ("cat", "dog")
    assert dataset.split_rule.startswith("test is the 20 test images, as given; val is 10% of the 40 train images")
    np.testing.assert_array_equal(dataset.splits["test"].load(3), noise(3, 32, 32))


def test_cifar_that_is_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", FakeCifar)
    with pytest.raises(EdgewiseError) as caught:
        open_dataset("cifar10", root=tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "cifar-10-batches-py") in message
    assert FakeCifar.url in message


def test_imagenet_that_is_nowhere(tmp_path):
    with pytest.raises(EdgewiseError, match=r"ILSVRC2012_img_train\.tar") as caught:
        open_dataset("imagenet", root=tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_imagenet(tmp_path, monkeypatch):
    for split in ("train", "val"):
        class_folders(tmp_path / split, {"n01440764": 10, "n02012849": 10, "n03126707": 10})

    class FakeImageNet:
        def __init__(self, root: str, split: str) -> None:
            folder = torchvision.datasets.ImageFolder(Path(root) / split)
            self.samples, self.wnids = folder.samples, folder.classes
            self.classes = [("tench", "Tinca tinca"), ("crane", "bird"), ("crane",)]

    monkeypatch.setattr(torchvision.datasets, "ImageNet", FakeImageNet)
    dataset = open_dataset("imagenet", root=tmp_path)
    assert dataset.classes == ("tench", "crane (bird)", "crane (machine)")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 27, "val": 30, "test": 3}
    alone = open_dataset("imagenet", root=tmp_path, only="val")
    assert {name: len(split) for name, split in alone.splits.items()} == {"val": 30}
