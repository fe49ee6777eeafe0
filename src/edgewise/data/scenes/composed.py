"""Scenes of the built-in digits: real handwriting, put together at random places and sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from edgewise.blocks import Task
from edgewise.data.assemble import Options
from edgewise.data.dataset import SPLITS, Dataset, Split, content_digest
from edgewise.data.digits import open_digits
from edgewise.data.images import StoredImages
from edgewise.data.randomness import Purpose, permutation, uniform
from edgewise.data.scenes.annotations import BoxAnnotations, Boxes, MaskAnnotations
from edgewise.data.stratify import membership

SIZE = 96
"""Pixels a side."""

COUNTS = {"train": 480, "val": 80, "test": 160}
MOST = 4
"""Digits in a scene: from one to so many."""

_SIDES = (24, 44)
_INK = 96
"""Grey from which on a pixel belongs to its digit."""

_TRIES = 12
_BACKGROUND = "background"


def open_scenes(task: Task, options: Options) -> Dataset:
    """Digits as boxes ("detect") or as the class of every pixel ("segment", the background first).

    Every split's scenes are of digits that are in no other split. The same seed gives the same scenes.
    """
    digits = open_digits(replace(options, only=None))
    classes = digits.classes if task == "detect" else (_BACKGROUND, *digits.classes)
    splits: dict[str, Split] = {}
    rows: list[tuple[str, int, tuple[int, ...], str]] = []
    for number, name in enumerate(SPLITS):
        split = _composed(digits.splits[name], name, task, options.seed * len(SPLITS) + number)
        splits[name] = split
        rows += [
            (split.path(index), SIZE * SIZE * 3, tuple(np.flatnonzero(split.labels[index]).tolist()), name)
            for index in range(len(split))
        ]
    if options.only in splits:
        splits = {options.only: splits[options.only]}
    rule = f"scenes of digits of which none is in two splits, drawn with seed {options.seed}."
    return Dataset("scenes", classes, False, splits, content_digest(rows, classes), rule, task=task)


def _composed(digits: Split, name: str, task: Task, seed: int) -> Split:
    """The scenes of one split; every digit of it is used before one is used again."""
    count = COUNTS[name]
    draws = uniform(seed, Purpose.AUGMENTATION, 0, np.arange(count * MOST * _TRIES), 3)
    draws = draws.reshape(count, MOST, _TRIES, 3)
    order = np.resize(permutation(seed, Purpose.ORDER, 0, len(digits)), count * MOST).reshape(count, MOST)
    scenes = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    masks = np.zeros((count, SIZE, SIZE), np.uint8)
    found: list[Boxes] = []
    for scene in range(count):
        boxes: list[tuple[int, int, int, int]] = []
        labels: list[int] = []
        for place in range(1 + int(draws[scene, 0, 0, 0] * MOST)):
            digit = int(order[scene, place])
            label = int(digits.labels[digit])
            box = _placed(digits.load(digit), draws[scene, place], scenes[scene], masks[scene], label)
            if box is not None:
                boxes.append(box)
                labels.append(label)
        unscored = np.zeros(len(labels), dtype=bool)
        found.append(Boxes(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), unscored))
    names = [f"scenes/{name}/{number:04}" for number in range(count)]
    if task == "detect":
        shown = [tuple(sorted(set(one.labels.tolist()))) for one in found]
        return Split(name, StoredImages(scenes, names), membership(shown, 10), annotations=BoxAnnotations(found))
    shown = [(0, *sorted({1 + label for label in one.labels.tolist()})) for one in found]
    return Split(name, StoredImages(scenes, names), membership(shown, 11), annotations=MaskAnnotations(list(masks)))


def _placed(
    digit: np.ndarray, draws: np.ndarray, scene: np.ndarray, mask: np.ndarray, label: int
) -> tuple[int, int, int, int] | None:
    """Writes the digit into the scene and its mask where it touches no other, and gives the box of its ink; None where
    no such place was drawn."""
    for size, down, across in draws:
        side = _SIDES[0] + int(size * (_SIDES[1] - _SIDES[0] + 1))
        grey = np.asarray(Image.fromarray(digit[..., 0]).resize((side, side), Image.Resampling.BICUBIC))
        top, left = int(down * (SIZE - side + 1)), int(across * (SIZE - side + 1))
        area = (slice(top, top + side), slice(left, left + side))
        if mask[area].any():
            continue
        ink = grey >= _INK
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        scene[area] = np.maximum(scene[area], grey[..., None])
        mask[area][ink] = 1 + label
        return (left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1)
    return None
