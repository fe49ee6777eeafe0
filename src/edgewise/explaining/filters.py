"""What the first layer looks for: its filters as pictures, and which of them are others' mirror images.

MobileNetV3 (Howard et al., 2019, section 5.1) halved its stem because filters of the first layer are often mirrored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgewise.explaining.formats import count
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.thumbs import thumbnail

__all__ = ["Mirrored", "filters", "mirrored"]

ALIKE = 0.8
"""The cosine of the angle between a filter and another's mirror image from which on it counts as that."""

_TURNS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "left to right": lambda weights: weights[..., ::-1],
    "top to bottom": lambda weights: weights[..., ::-1, :],
    "negative": lambda weights: -weights,
}


@dataclass(frozen=True)
class Mirrored:
    """The filter `first` is like `second` turned `how`, by the cosine of the angle between them."""

    first: int
    second: int
    how: str
    cosine: float


def mirrored(weights: np.ndarray) -> list[Mirrored]:
    """Of filters `(N, C, kH, kW)` the pairs that are each other's mirror images, each filter in one at most, the
    surest first."""
    plain = _units(weights)
    found: list[Mirrored] = []
    for how, turn in _TURNS.items():
        cosines = plain @ _units(turn(weights)).T
        found += [
            Mirrored(first, second, how, float(cosines[first, second]))
            for first, second in zip(*np.nonzero(np.triu(cosines >= ALIKE, 1)), strict=True)
        ]
    kept: list[Mirrored] = []
    taken: set[int] = set()
    for one in sorted(found, key=lambda one: -one.cosine):
        if not {one.first, one.second} & taken:
            taken |= {one.first, one.second}
            kept.append(one)
    return kept


def _units(weights: np.ndarray) -> np.ndarray:
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)


def filters(weights: np.ndarray) -> Markup:
    """The filters `(N, 3, kH, kW)` as pictures, those that mirror another beside it, and how many do."""
    pairs = mirrored(weights)
    paired = [index for one in pairs for index in (one.first, one.second)]
    said = {one.first: f"like {one.second}, {one.how}" for one in pairs}
    said |= {one.second: f"like {one.first}, {one.how}" for one in pairs}
    order = [*paired, *(index for index in range(len(weights)) if index not in said)]
    pictures = [
        tag(
            "li",
            None,
            tag(
                "figure",
                None,
                tag("img", {"class": "small", "src": thumbnail(_picture(weights[index])), "alt": f"filter {index}"}),
                tag("figcaption", None, tag("b", None, index), tag("span", None, said.get(index, ""))),
            ),
        )
        for index in order
    ]
    note = (
        f"{count(len(paired))} of the {count(len(weights))} filters of the first layer are another's mirror image or "
        f"negative (a cosine of {ALIKE:g} or more), in pairs at the front."
    )
    return tag("div", None, tag("p", None, note), tag("ul", {"class": "gallery filters"}, *pictures))


def _picture(kernel: np.ndarray) -> np.ndarray:
    """uint8 (kH, kW, 3): grey is zero, the largest weight white or black."""
    scaled = kernel.transpose(1, 2, 0) / max(float(np.abs(kernel).max()), 1e-12)
    return np.clip(127.5 + 127.5 * scaled, 0, 255).astype(np.uint8)
