"""A dataset: classes, and splits of labelled images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edgewise.blocks import Task
from edgewise.data.decode import BadImage, UnreadableError, quiet
from edgewise.data.images import Images
from edgewise.errors import EdgewiseError

SPLITS = ("train", "val", "test")

ALL = "all"
"""The one split of data that is not divided."""

_NAMED_IN_MESSAGES = 5


class Annotations(Protocol):
    """What is known of each image beside its classes (`edgewise.data.scenes`)."""

    def __len__(self) -> int: ...

    def take(self, indices: Sequence[int]) -> Annotations: ...


@dataclass(frozen=True, eq=False)
class Kept:
    """The images of a split at a network's size, uint8 (N, height, width, 3), and which could not be read, and why."""

    pixels: np.ndarray
    bad: Sequence[tuple[int, str]]


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled images that are used for one thing: "train", "val" or "test"; or "all" of them.

    labels: int64 (N,), or for several labels an image float32 (N, K) of zeros and ones.
    skip_bad: what to do with a file that turns out to be damaged behind a sound header: leave it out, or stop.
    kept: the images at the size of the network last trained or evaluated, filled by `Batches`.
    annotations: of every image its boxes or its mask, where the data has any; `labels` say which classes are in it.
    """

    name: str
    images: Images
    labels: np.ndarray
    skip_bad: bool = False
    kept: dict[Hashable, Kept] = field(default_factory=dict, repr=False)
    annotations: Annotations | None = None

    def __len__(self) -> int:
        return len(self.images)

    def load(self, index: int) -> np.ndarray:
        """The image, uint8 (H, W, 3), red, green, blue. Raises EdgewiseError if its file turns out to be damaged."""
        try:
            with quiet():
                return self.images.load(index)
        except UnreadableError as error:
            raise bad_images_error([BadImage(self.path(index), str(error))], len(self), self.name) from None

    def path(self, index: int) -> str:
        """Where the image is from: its file, or a name for an image that is not in a file of its own."""
        return self.images.path(index)

    def take(self, indices: Sequence[int]) -> Split:
        """The split with only these images, in this order."""
        annotations = None if self.annotations is None else self.annotations.take(indices)
        labels = self.labels[np.asarray(indices, np.int64)]
        return Split(self.name, self.images.take(indices), labels, self.skip_bad, annotations=annotations)

    def spread(self, count: int) -> Split:
        """Up to `count` of the images, evenly from the first to the last: images often lie by class."""
        places = np.linspace(0, len(self) - 1, min(count, len(self)))
        return self.take(places.round().astype(int).tolist())


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images.

    source: what was opened: a path or a name.
    classes: names, in the order of the network's outputs.
    multi_label: whether an image can have any number of labels, rather than exactly one.
    splits: "train", "val" and "test"; where only one was asked for, perhaps that one alone (see `open_dataset`).
    digest: SHA-256, in hexadecimal, over the list of contents: path, size in bytes, labels and split of each image.
    split_rule: one sentence: which splits were given and which were drawn, how and with what seed.
    skipped: the files left out because they cannot be used.
    task: what they are for.
    notes: sentences on what is odd in the annotations: boxes cut off or left out, images without any.
    """

    source: str
    classes: tuple[str, ...]
    multi_label: bool
    splits: dict[str, Split]
    digest: str
    split_rule: str
    skipped: tuple[BadImage, ...] = ()
    task: Task = "classify"
    notes: tuple[str, ...] = ()


def bad_images_error(bad: Sequence[BadImage], total: int, where: str) -> EdgewiseError:
    """The error for images that cannot be used: the first few by name, how many, and what to do."""
    named = "; ".join(str(image) for image in bad[:_NAMED_IN_MESSAGES])
    more = f"; and {len(bad) - _NAMED_IN_MESSAGES} more" if len(bad) > _NAMED_IN_MESSAGES else ""
    files = "1 file" if len(bad) == 1 else f"{len(bad)} files"
    return EdgewiseError(
        f"{files} of {total} in {where} cannot be used: {named}{more}. "
        "Mend or remove what is bad, or leave it out with --skip-bad (skip_bad=True)"
    )


def content_digest(rows: Iterable[tuple[str, int, Sequence[int], str]], classes: Sequence[str]) -> str:
    """SHA-256 over (path, bytes, labels, split) of every image, in the order of their paths, and the class names."""
    digest = hashlib.sha256(json.dumps(list(classes)).encode())
    for path, size, labels, split in sorted((path, size, tuple(labels), split) for path, size, labels, split in rows):
        digest.update(json.dumps([path, size, labels, split]).encode())
    return digest.hexdigest()
