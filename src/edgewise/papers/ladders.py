"""The zoo as ladders: every scalable network at every input size worth trying, to be climbed width by width."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from edgewise.blocks import Task
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import AtWidth
from edgewise.papers.tasks import for_task
from edgewise.papers.zoo import families

WIDTHS = (0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 1.0, 1.25, 1.5, 2.0)

SHARES = (6 / 7, 5 / 7, 4 / 7)
"""Smaller input sizes as shares of the images' own: the papers' 192, 160 and 128 of 224 pixels."""


@dataclass(frozen=True)
class Ladder:
    """One scalable network at one input size; calling it gives the network at a width, None when it does not fit.

    `base` is the zoo's scalable form (`mobilenet_v3_large`), `size` and `across` the input's height and width in
    pixels, `lowered` the rows whose stride the images' own size lowers. For boxes and masks the network is the body.
    """

    family: str
    base: str
    scaled: AtWidth
    size: int
    across: int
    classes: int
    lowered: tuple[int, ...]
    task: Task = "classify"

    def __call__(self, width: float) -> Architecture | None:
        try:
            architecture = for_task(self.scaled(width), self.task, self.classes, self.size, self.across)
        except EdgewiseError:
            return None
        if architecture.lowered != self.lowered:
            return None
        return replace(architecture, name=f"{architecture.name}@{self.size}")


def ladders(size: int, classes: int, task: Task = "classify", across: int | None = None) -> Iterator[Ladder]:
    """Every scalable network at the images' own size, `size` × `across` pixels (a square where only one is given), and
    at smaller ones while its strides stay as they are there.

    A smaller input that makes `with_input` lower one stride more is another, costlier network of blurred images.
    """
    share = (across or size) / size
    for family in families():
        for base, scaled in family.scalable.items():
            try:
                lowered = for_task(scaled(1.0), task, classes, size, across or size).lowered
            except EdgewiseError:
                continue
            for pixels in sizes(size):
                wide = pixels if share == 1 else (across or size) if pixels == size else round(share * pixels / 8) * 8
                yield Ladder(family.name, base, scaled, pixels, wide, classes, lowered, task)


def sizes(size: int) -> list[int]:
    """`size` and the smaller input sizes, each once: multiples of 32 from 96 pixels on, else of 8."""
    grid = 32 if size >= 96 else 8
    smaller = (round(size * share / grid) * grid for share in SHARES)
    return [size, *dict.fromkeys(one for one in smaller if 0 < one < size)]
