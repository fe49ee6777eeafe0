"""Boxes and masks drawn on a picture, every class in a colour of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["Framed", "colour", "with_boxes", "with_mask"]

_HUES = (211, 28, 140, 330, 48, 275, 180, 0, 95, 240)
"""Colours of classes, as hues that stay apart."""

_SHOWN = 0.5
"""How much of a mask covers the picture."""


@dataclass(frozen=True)
class Framed:
    """A box in pixels (left, top, right, bottom), the number of its class, and what is written at it."""

    box: tuple[float, float, float, float]
    number: int
    text: str


def colour(number: int) -> tuple[int, int, int]:
    """The colour of a class, by its number."""
    light = 55 - 12 * (number // len(_HUES) % 3)
    picture = Image.new("RGB", (1, 1), f"hsl({_HUES[number % len(_HUES)]}, 75%, {light}%)")
    red, green, blue = np.asarray(picture)[0, 0].tolist()
    return red, green, blue


def with_boxes(pixels: np.ndarray, boxes: Iterable[Framed]) -> np.ndarray:
    """The picture, uint8 (H, W, 3), with the boxes, the last ones on top."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    pen = ImageDraw.Draw(picture)
    wide = max(1, round(min(pixels.shape[:2]) / 160))
    for one in boxes:
        shade = colour(one.number)
        pen.rectangle(one.box, outline=shade, width=wide)
        place = (one.box[0] + wide, max(0.0, one.box[1]))
        left, top, right, bottom = pen.textbbox(place, one.text)
        pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=shade)
        pen.text(place, one.text, fill="white")
    return np.asarray(picture)


def with_mask(pixels: np.ndarray, mask: np.ndarray, classes: int) -> np.ndarray:
    """The picture, uint8 (H, W, 3), under the colours of the classes in `mask`, uint8 (H, W); a pixel of none of the
    `classes` stays as it is."""
    colours = np.array([colour(number) for number in range(classes)], np.uint8)
    known = mask < classes
    mixed = pixels * (1 - _SHOWN) + colours[np.where(known, mask, 0)] * _SHOWN
    return np.where(known[..., None], mixed.round(), pixels).astype(np.uint8)
