"""From boxes that a reader found to a Dataset: images opened, boxes checked and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edgewise.data.assemble import Listing, Options, from_files
from edgewise.data.dataset import Dataset, Split
from edgewise.data.images import size_of
from edgewise.data.scenes.annotations import BoxAnnotations, Boxes, digest_with
from edgewise.data.scenes.found import FoundBoxes, Marked
from edgewise.errors import EdgewiseError

_FAR = 1.0
"""Pixels that a box may reach beyond its image without a word: rounding."""

_NAMED = 3


@dataclass
class _Remarks:
    """What was found to be odd: the images by what it is."""

    cut: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def sentences(self, unlisted: Sequence[tuple[str, str]], without: Sequence[str]) -> tuple[str, ...]:
        said = [
            _counted(self.cut, "reaching beyond the image: cut off"),
            _counted(self.outside, "outside of the image: left out"),
            _counted(self.empty, "without an area: left out"),
            _counted([f"{label} in {file}" for file, label in unlisted], "of classes that are not listed: left out"),
            _counted(without, "without boxes", "image"),
        ]
        return tuple(sentence for sentence in said if sentence)


def _counted(where: Sequence[str], what: str, thing: str = "box") -> str:
    """ "3 boxes outside of the image: left out (a.jpg, b.jpg)"."""
    plural = f"{thing}es" if thing == "box" else f"{thing}s"
    return f"{len(where)} {thing if len(where) == 1 else plural} {what} ({_some(where)})" if where else ""


def _some(where: Sequence[str]) -> str:
    different = list(dict.fromkeys(where))
    return ", ".join(different[:_NAMED]) + (", …" if len(different) > _NAMED else "")


def box_dataset(found: FoundBoxes, options: Options) -> Dataset:
    """Opens the images and checks their boxes. What is odd is counted in `Dataset.notes`. Raises `EdgewiseError` for
    images that cannot be used (unless skipped), and where no box is left."""
    classes = found.classes or tuple(sorted({thing.label for one in found.marked for thing in one.things}))
    if repeated := [name for name, count in Counter(classes).items() if count > 1]:
        raise EdgewiseError(f"{found.source} lists the class {repeated[0]!r} twice; use one name once")
    numbers = {name: number for number, name in enumerate(classes)}
    listing = Listing(
        source=found.source,
        classes=classes,
        multi_label=True,
        names=[one.name for one in found.marked],
        labels=[tuple(sorted({numbers[thing.label] for thing in one.things})) for one in found.marked],
        splits=[one.split for one in found.marked],
        given=found.given,
        bad=found.bad,
        everywhere=False,
    )
    opened = from_files(listing, [one.path for one in found.marked], options)
    marked = {str(one.path): one for one in found.marked}
    remarks = _Remarks()
    splits: dict[str, Split] = {}
    without: list[str] = []
    drawn: list[bytes] = []
    for name, split in opened.splits.items():
        annotations: list[Boxes] = []
        for index in range(len(split)):
            one = marked[split.path(index)]
            annotations.append(_checked(one, size_of(split.images, index), numbers, remarks))
            if not len(annotations[-1]):
                without.append(one.name)
        splits[name] = replace(split, annotations=BoxAnnotations(annotations))
        drawn += [one.to_bytes() for one in annotations]
    if len(without) == sum(map(len, splits.values())):
        raise EdgewiseError(f"{found.source} has no box that can be used; look at its annotations")
    notes = remarks.sentences(found.unlisted, without)
    digest = digest_with(opened.digest, drawn)
    return replace(opened, task="detect", multi_label=False, splits=splits, notes=notes, digest=digest)


def _checked(one: Marked, size: tuple[int, int], numbers: dict[str, int], remarks: _Remarks) -> Boxes:
    height, width = size
    boxes: list[np.ndarray] = []
    labels: list[int] = []
    unscored: list[bool] = []
    for thing in one.things:
        box = np.array(thing.box, np.float32)
        if one.relative:
            box *= np.array([width, height, width, height], np.float32)
        if not np.isfinite(box).all() or (box[2:] <= box[:2]).any():
            remarks.empty.append(one.name)
            continue
        inside = np.clip(box, 0, np.array([width, height, width, height], np.float32))
        if (inside[2:] <= inside[:2]).any():
            remarks.outside.append(one.name)
            continue
        if np.abs(inside - box).max() > _FAR:
            remarks.cut.append(one.name)
        boxes.append(inside)
        labels.append(numbers[thing.label])
        unscored.append(thing.unscored)
    return Boxes(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), np.array(unscored, dtype=bool))
