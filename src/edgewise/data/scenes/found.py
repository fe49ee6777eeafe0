"""What a reader of annotations has found, before the images are opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgewise.data.decode import BadImage

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """One box: its class by name, left, top, right and bottom, and whether it is not to be scored."""

    label: str
    box: Box
    unscored: bool = False


@dataclass(frozen=True)
class Marked:
    """An image and the things in it. With `relative` boxes are shares of the image, otherwise pixels."""

    path: Path
    name: str
    split: str | None
    things: tuple[Thing, ...]
    relative: bool = False


@dataclass(frozen=True)
class FoundBoxes:
    """Everything a reader found. `classes` is None where no list of them is given; `given` says where the splits are
    from; `unlisted` are the boxes whose class is not in the list, as the file and what it calls it."""

    source: str
    classes: tuple[str, ...] | None
    marked: tuple[Marked, ...]
    given: dict[str, str]
    unlisted: tuple[tuple[str, str], ...] = ()
    bad: tuple[BadImage, ...] = ()
    notes: tuple[str, ...] = field(default=())
