"""Masks in folders: values, colours, names, and masks that do not fit their images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scene_folders import camvid, mask, picture, saved, written

from edgewise.data.assemble import Options
from edgewise.data.dataset import Dataset
from edgewise.data.scenes import MaskAnnotations, open_masks, task_of
from edgewise.errors import EdgewiseError


def mask_of(dataset: Dataset, split: str = "train", index: int = 0) -> np.ndarray:
    annotations = dataset.splits[split].annotations
    assert isinstance(annotations, MaskAnnotations)
    return annotations.load(index)


def test_images_beside_labels(tmp_path: Path) -> None:
    root = camvid(tmp_path)
    assert task_of(root) == "segment"
    dataset = open_masks(root, Options())
    assert dataset.task == "segment"
    assert dataset.classes == ("class 0", "class 1", "class 2")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 1, "val": 2, "test": 1}
    np.testing.assert_array_equal(mask_of(dataset, "val", 1), mask())
    assert dataset.splits["val"].labels.tolist() == [[1, 1, 1]] * 2


def test_names_and_a_value_that_is_nobodys(tmp_path: Path) -> None:
    root = camvid(tmp_path)
    written(root / "classes.txt", "sky\nvoid\ncat\n")
    dataset = open_masks(root, Options())
    assert dataset.classes == ("sky", "cat")
    expected = np.array([0, 255, 1], np.uint8)[np.minimum(mask(), 2)]
    expected[0] = 255
    np.testing.assert_array_equal(mask_of(dataset), expected)


def test_a_value_that_is_said_to_be_nobodys(tmp_path: Path) -> None:
    dataset = open_masks(camvid(tmp_path), Options(), ignored=(2,))
    assert dataset.classes == ("class 0", "class 1")
    assert set(np.unique(mask_of(dataset)).tolist()) == {0, 1, 255}


def test_masks_in_colour(tmp_path: Path) -> None:
    root = camvid(tmp_path)
    colours = np.array([[10, 20, 30], [200, 0, 0], [0, 0, 255], [1, 1, 1]], np.uint8)
    for path in root.rglob("labels/*.png"):
        Image.fromarray(colours[np.minimum(mask(), 3)]).save(path)
    written(root / "classes.txt", "sky 10 20 30\nground 200 0 0\ncat 0 0 255\nignore 1 1 1\n")
    dataset = open_masks(root, Options())
    assert dataset.classes == ("sky", "ground", "cat")
    np.testing.assert_array_equal(mask_of(dataset), mask())
    written(root / "classes.txt", "sky 10 20 30\nground 200 0 0\nignore 1 1 1\n")
    with pytest.raises(EdgewiseError, match=r"the colour 0 0 255, which is no class; add it to classes\.txt"):
        open_masks(root, Options())
    (root / "classes.txt").unlink()
    with pytest.raises(EdgewiseError, match=r"in colour; say in classes\.txt which colour is which class"):
        open_masks(root, Options())


def test_pascal_vocs_folders(tmp_path: Path) -> None:
    for split, stem in (("train", "a"), ("train", "b"), ("val", "c")):
        picture(tmp_path / "JPEGImages" / f"{stem}.jpg")
        image = Image.fromarray(mask(), "P")
        image.putpalette([value for value in range(256) for _ in range(3)])
        (tmp_path / "SegmentationClass").mkdir(exist_ok=True)
        image.save(tmp_path / "SegmentationClass" / f"{stem}.png")
        lists = tmp_path / "ImageSets" / "Segmentation" / f"{split}.txt"
        written(lists, (lists.read_text() if lists.exists() else "") + f"{stem}\n")
    dataset = open_masks(tmp_path, Options(only="val"))
    assert dataset.classes[:3] == ("background", "aeroplane", "bicycle")
    assert len(dataset.classes) == 21
    np.testing.assert_array_equal(mask_of(dataset, "val"), mask())


def test_cityscapes_folders(tmp_path: Path) -> None:
    picture(tmp_path / "leftImg8bit" / "val" / "ulm" / "ulm_1_leftImg8bit.png")
    values = np.array([7, 8, 4], np.uint8)[np.minimum(mask(), 2)]
    saved(tmp_path / "gtFine" / "val" / "ulm" / "ulm_1_gtFine_labelIds.png", values)
    dataset = open_masks(tmp_path, Options(only="val"))
    assert len(dataset.classes) == 19
    assert set(np.unique(mask_of(dataset, "val")).tolist()) == {0, 1, 255}


@pytest.mark.parametrize(
    ("mask_file", "sentence"),
    [
        (np.zeros((30, 41), np.uint8), "has 40×30 pixels and its mask 41×30"),
        (None, "has no mask"),
        (np.full((30, 40), 3, np.uint8), "a mask with the value 3, which is no class"),
    ],
)
def test_masks_that_do_not_fit(mask_file: np.ndarray | None, sentence: str, tmp_path: Path) -> None:
    root = camvid(tmp_path)
    written(root / "classes.txt", "sky\nground\ncat\n")
    path = root / "train" / "labels" / "train1.png"
    path.unlink()
    if mask_file is not None:
        saved(path, mask_file)
    with pytest.raises(EdgewiseError, match=sentence):
        open_masks(root, Options())
    left = open_masks(root, Options(only="all", skip_bad=True))
    assert len(left.splits["all"]) == 3
    assert len(left.skipped) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sky\n", "names 1 classes"),
        ("a 1 2 3\nb\n", "every one a colour, or none"),
        ("a 1 2 300\nb 1 1 1\n", "0 to 255"),
    ],
)
def test_a_list_of_classes_that_is_none(text: str, sentence: str, tmp_path: Path) -> None:
    root = camvid(tmp_path)
    written(root / "classes.txt", text)
    with pytest.raises(EdgewiseError, match=sentence):
        open_masks(root, Options())


def test_a_folder_without_masks(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    with pytest.raises(EdgewiseError, match="has no masks that are known"):
        open_masks(tmp_path, Options())


def test_a_pixel_that_changes_makes_other_data(tmp_path: Path) -> None:
    root = camvid(tmp_path)
    first = open_masks(root, Options()).digest
    assert open_masks(root, Options()).digest == first
    pixels = mask()
    pixels[20, 30] = 2  # a class that is there already
    saved(root / "val" / "labels" / "val0.png", pixels)
    assert open_masks(root, Options()).digest != first
