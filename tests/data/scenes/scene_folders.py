"""Small folders of boxes and masks in everybody's layouts: two images of 40 × 30 pixels in each split."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 40, 30
SPLITS = ("train", "val")
CAT, DOG = (4.0, 6.0, 14.0, 26.0), (20.0, 3.0, 39.0, 12.0)
"""Left, top, right, bottom of the two things in every image."""


def picture(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.random.default_rng(len(path.name)).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(grey).save(path)
    return path


def stems() -> list[tuple[str, str]]:
    return [(split, f"{split}{number}") for split in SPLITS for number in range(2)]


def voc(root: Path) -> Path:
    for split, stem in stems():
        picture(root / "JPEGImages" / f"{stem}.jpg")
        things = [("cat", CAT, 0), ("dog", DOG, 1)]
        objects = "".join(
            f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{box[0] + 1}</xmin>"
            f"<ymin>{box[1] + 1}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"
            for name, box, difficult in things
        )
        written(root / "Annotations" / f"{stem}.xml", f"<annotation>{objects}</annotation>")
        lists = root / "ImageSets" / "Main" / f"{split}.txt"
        written(lists, (lists.read_text() if lists.exists() else "") + f"{stem}\n")
    return root


def coco(root: Path) -> Path:
    for split in SPLITS:
        images, annotations = [], []
        for number, (_, stem) in enumerate(one for one in stems() if one[0] == split):
            picture(root / f"{split}2017" / f"{stem}.jpg")
            images.append({"id": number, "file_name": f"{stem}.jpg", "width": WIDTH, "height": HEIGHT})
            for category, box, crowd in ((18, DOG, 1), (17, CAT, 0)):
                left, top, right, bottom = box
                sides = [left, top, right - left, bottom - top]
                annotations.append({"image_id": number, "category_id": category, "bbox": sides, "iscrowd": crowd})
        categories = [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}]
        content = {"images": images, "annotations": annotations, "categories": categories}
        written(root / "annotations" / f"instances_{split}2017.json", json.dumps(content))
    return root


def yolo(root: Path) -> Path:
    for split, stem in stems():
        picture(root / "images" / split / f"{stem}.jpg")
        lines = []
        for label, (left, top, right, bottom) in enumerate((CAT, DOG)):
            x, y = (left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT
            lines.append(f"{label} {x} {y} {(right - left) / WIDTH} {(bottom - top) / HEIGHT}")
        written(root / "labels" / split / f"{stem}.txt", "\n".join(lines) + "\n")
    written(root / "data.yaml", "names:\n  0: cat\n  1: dog\n")
    return root


def mask() -> np.ndarray:
    """Sky (0) above ground (1), a cat (2) in it, and a row that is nobody's (255)."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[15:] = 1
    pixels[18:24, 10:20] = 2
    pixels[0] = 255
    return pixels


def camvid(root: Path) -> Path:
    for split, stem in stems():
        picture(root / split / "images" / f"{stem}.jpg")
        saved(root / split / "labels" / f"{stem}.png", mask())
    return root


def saved(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
