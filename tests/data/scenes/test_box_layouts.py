"""Boxes in COCO's, VOC's and YOLO's layouts: the same boxes from each, and what is said of odd ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scene_folders import CAT, DOG, HEIGHT, WIDTH, coco, picture, voc, written, yolo

from edgewise.data import open_dataset
from edgewise.data.assemble import Options
from edgewise.data.dataset import Dataset
from edgewise.data.scenes import BoxAnnotations, Boxes, open_boxes, task_of
from edgewise.errors import EdgewiseError


def boxes_of(dataset: Dataset, split: str = "train", index: int = 0) -> Boxes:
    annotations = dataset.splits[split].annotations
    assert isinstance(annotations, BoxAnnotations)
    return annotations.images[index]


@pytest.mark.parametrize("make", [voc, coco, yolo])
def test_every_layout_gives_the_same(make: Callable[[Path], Path], tmp_path: Path) -> None:
    root = make(tmp_path / "data")
    assert task_of(root) == "detect"
    dataset = open_boxes(root, Options())
    assert dataset.task == "detect"
    assert dataset.classes == ("cat", "dog")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 1, "val": 2, "test": 1}
    for split in dataset.splits:
        found = boxes_of(dataset, split)
        order = np.argsort(found.labels)
        np.testing.assert_allclose(found.boxes[order], [CAT, DOG], atol=1e-4)
        assert found.labels[order].tolist() == [0, 1]
        assert found.unscored[order].tolist() == ([False, False] if make is yolo else [False, True])
    assert dataset.notes == ()


def test_one_json_beside_its_images(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "annotations" / "instances_val2017.json").unlink()
    dataset = open_boxes(root / "annotations" / "instances_train2017.json", Options(only="all"))
    assert len(dataset.splits["all"]) == 2


def test_folders_a_split_as_exporters_write_them(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "a.jpg")
        annotation = {"image_id": 0, "category_id": 1, "bbox": [1, 2, 3, 4]}
        content = {
            "images": [{"id": 0, "file_name": "a.jpg"}],
            "annotations": [annotation],
            "categories": [{"id": 1, "name": "cat"}],
        }
        written(tmp_path / split / "_annotations.coco.json", json.dumps(content))
    dataset = open_boxes(tmp_path, Options(only="val"))
    np.testing.assert_allclose(boxes_of(dataset, "val").boxes, [[1, 2, 4, 6]])


def test_yolo_without_names_or_splits(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / "images" / f"{number}.png")
        written(tmp_path / "labels" / f"{number}.txt", "2 0.5 0.5 0.5 0.5\n" if number else "")
    dataset = open_boxes(tmp_path, Options(only="all"))
    assert dataset.classes == ("0", "1", "2")
    assert dataset.notes == ("1 image without boxes (images/0.png)",)
    np.testing.assert_allclose(boxes_of(dataset, "all", 1).boxes, [[10, 7.5, 30, 22.5]])


def test_odd_boxes_are_counted_and_named(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    lines = ["0 0.5 0.5 0.2 0.2", "0 0.95 0.5 0.4 0.2", "1 1.5 0.5 0.2 0.2", "1 0.5 0.5 0 0.2", "7 0.5 0.5 0.1 0.1"]
    written(tmp_path / "labels" / "a.txt", "\n".join(lines))
    written(tmp_path / "classes.txt", "cat\ndog\n")
    dataset = open_boxes(tmp_path, Options(only="all"))
    assert dataset.notes == (
        "1 box reaching beyond the image: cut off (images/a.png)",
        "1 box outside of the image: left out (images/a.png)",
        "1 box without an area: left out (images/a.png)",
        "1 box of classes that are not listed: left out (7 in a.txt)",
    )
    found = boxes_of(dataset, "all")
    assert len(found) == 2
    assert found.boxes[1, 2] == WIDTH
    assert found.boxes.max(0).tolist()[3] <= HEIGHT


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lambda root: written(root / "Annotations" / "train0.xml", "<annotation"), "train0.xml is no XML"),
        (lambda root: (root / "Annotations" / "val1.xml").unlink(), "val1.xml does not exist"),
        (lambda root: (root / "JPEGImages" / "val1.jpg").unlink(), "val1.jpg does not exist"),
        (
            lambda root: written(
                root / "Annotations" / "train1.xml", "<a><object><name>cat</name><bndbox/></object></a>"
            ),
            "without the four numbers of a bndbox",
        ),
    ],
)
def test_broken_voc_folders(break_it: Callable[[Path], object], sentence: str, tmp_path: Path) -> None:
    root = voc(tmp_path)
    break_it(root)
    with pytest.raises(EdgewiseError, match=sentence):
        open_boxes(root, Options())
    left = open_boxes(root, Options(only="all", skip_bad=True))
    assert len(left.splits["all"]) == 3
    assert len(left.skipped) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "needs the lists images, annotations, categories"),
        ("{", "cannot be read as JSON"),
        ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "images need id and file_name"),
        (
            '{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1]}], "categories": []}',
            "a bbox of",
        ),
    ],
)
def test_a_json_that_is_no_coco(content: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        open_boxes(written(tmp_path / "boxes.json", content), Options())


def test_a_yolo_line_that_is_none(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    written(root / "labels" / "train" / "train0.txt", "0 0.5 0.5\n")
    with pytest.raises(EdgewiseError, match=r"train0\.txt line 1 is not a class and four numbers"):
        open_boxes(root, Options())


def test_no_boxes_at_all(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    written(tmp_path / "labels" / "a.txt", "")
    with pytest.raises(EdgewiseError, match="no box that can be used"):
        open_boxes(tmp_path, Options(only="all"))
    with pytest.raises(EdgewiseError, match="has no boxes that are known"):
        open_boxes(tmp_path / "images", Options())


def test_a_box_that_moves_makes_other_data(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    first, again = (open_boxes(root, Options()).digest for _ in range(2))
    assert first == again
    label = root / "labels" / "val" / "val0.txt"
    label.write_text("0 0.3 0.5 0.2 0.5\n1 0.7 0.25 0.475 0.3\n")
    assert open_boxes(root, Options()).digest != first


@pytest.mark.parametrize("make", [voc, coco, yolo])
def test_a_folder_of_boxes_is_no_folder_of_classes(make: Callable[[Path], Path], tmp_path: Path) -> None:
    root = make(tmp_path / "data")
    with pytest.raises(EdgewiseError, match="has boxes around things and no classes of whole images"):
        open_dataset(root)
