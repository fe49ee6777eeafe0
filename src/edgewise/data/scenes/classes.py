"""`classes.txt`: the names of classes, and where masks are in colour, their colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.data.scenes.masks import NOBODY, MaskRule
from edgewise.errors import EdgewiseError

FILE = "classes.txt"

NAMELESS = frozenset({"ignore", "ignored", "void", "unlabelled", "unlabeled", "background_ignored"})
"""What is called so is nobody's."""


@dataclass(frozen=True)
class MaskClasses:
    """Names of classes in the order of the network's outputs, and how masks say them."""

    names: tuple[str, ...]
    rule: MaskRule


def read_classes(path: Path) -> MaskClasses:
    """A line a class: its name, and after it red, green and blue where masks are in colour. The number of the line,
    from 0, is the class's value in masks that are not. What is called `ignore` or `void` is nobody's.

    Raises `EdgewiseError` for a line that cannot be understood.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EdgewiseError(f"{path} cannot be read: {error}") from None
    names: list[str] = []
    values: list[tuple[int, int]] = []
    colours: list[tuple[tuple[int, int, int], int]] = []
    ignored: list[int] = []
    for value, line in enumerate(line for line in lines if line.strip()):
        words = line.replace(",", " ").split()
        numbers = [int(word) for word in words[-3:] if word.isdecimal()] if len(words) > 3 else []
        colour = (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
        name = " ".join(words[:-3] if colour else words)
        label = NOBODY
        if name.lower() in NAMELESS:
            ignored.append(value)
        else:
            label = len(names)
            names.append(name)
            values.append((value, label))
        if colour is not None:
            if max(colour) > NOBODY:
                raise EdgewiseError(f"{path} gives {name} the colour {colour}; colours go from 0 to 255")
            colours.append((colour, label))
    if colours and len(colours) < len(names) + len(ignored):
        raise EdgewiseError(f"{path} gives some classes a colour and others none; give every one a colour, or none")
    if len(names) < 2:
        raise EdgewiseError(f"{path} names {len(names)} classes; segmentation needs two or more")
    return MaskClasses(tuple(names), MaskRule(len(names), tuple(values), tuple(colours), tuple(ignored)))


CITYSCAPES = (
    ("road", 7), ("sidewalk", 8), ("building", 11), ("wall", 12), ("fence", 13), ("pole", 17), ("traffic light", 19),
    ("traffic sign", 20), ("vegetation", 21), ("terrain", 22), ("sky", 23), ("person", 24), ("rider", 25), ("car", 26),
    ("truck", 27), ("bus", 28), ("train", 31), ("motorcycle", 32), ("bicycle", 33),
)  # fmt: skip
"""The 19 classes that Cityscapes scores, by their values in `labelIds` files; the others of its 34 are nobody's."""

PASCAL = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table",
    "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip


def cityscapes() -> MaskClasses:
    names = tuple(name for name, _ in CITYSCAPES)
    values = tuple((value, label) for label, (_, value) in enumerate(CITYSCAPES))
    known = {value for value, _ in values}
    ignored = tuple(value for value in range(34) if value not in known)
    return MaskClasses(names, MaskRule(len(names), values, (), ignored))


def pascal() -> MaskClasses:
    return MaskClasses(PASCAL, MaskRule(len(PASCAL)))
