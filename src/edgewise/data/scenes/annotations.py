"""What is known of each image of a split beside its classes: boxes, or a mask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.data.scenes.masks import MaskRule, read_mask

IGNORED = 255
"""In a mask: a pixel that is nobody's, neither trained on nor scored."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """The things in one image: `boxes` float32 `(N, 4)` in its pixels (left, top, right, bottom), `labels` int64 `(N,)`
    and `unscored` bool `(N,)`: crowds, and what is too difficult to count as missed or wrong."""

    boxes: np.ndarray
    labels: np.ndarray
    unscored: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def to_bytes(self) -> bytes:
        """All of it, for a digest."""
        return self.boxes.tobytes() + self.labels.tobytes() + self.unscored.tobytes()


@dataclass(frozen=True, eq=False)
class BoxAnnotations:
    """The boxes of every image of a split."""

    images: Sequence[Boxes]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Sequence[int]) -> BoxAnnotations:
        return BoxAnnotations([self.images[index] for index in indices])


@dataclass(frozen=True)
class MaskFile:
    """A file that holds the class of every pixel, and how its values are classes."""

    path: Path
    rule: MaskRule

    def load(self) -> np.ndarray:
        """uint8 (H, W): classes from 0, `IGNORED` where there is none. Raises `UnreadableError`."""
        return read_mask(self.path, self.rule)


@dataclass(frozen=True, eq=False)
class MaskAnnotations:
    """The masks of every image of a split, as files or in memory."""

    masks: Sequence[MaskFile | np.ndarray]

    def __len__(self) -> int:
        return len(self.masks)

    def take(self, indices: Sequence[int]) -> MaskAnnotations:
        return MaskAnnotations([self.masks[index] for index in indices])

    def load(self, index: int) -> np.ndarray:
        """uint8 (H, W). Raises `UnreadableError` for a file that has become damaged."""
        mask = self.masks[index]
        return mask if isinstance(mask, np.ndarray) else mask.load()


Annotations = BoxAnnotations | MaskAnnotations


def digest_with(digest: str, parts: Iterable[bytes]) -> str:
    """The digest of a dataset with what is drawn in its images: boxes that move make it another one."""
    made = hashlib.sha256(digest.encode())
    for part in parts:
        made.update(hashlib.sha256(part).digest())
    return made.hexdigest()
