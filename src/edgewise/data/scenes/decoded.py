"""Boxes and masks at the network's size, as arrays that any number of processes can map into memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgewise.data.dataset import Split
from edgewise.data.images import size_of
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.scenes.annotations import BoxAnnotations, Boxes, MaskAnnotations
from edgewise.data.scenes.variation import LABEL, UNSCORED, in_shares, resized_mask

_BOXES, _COUNTS, _MASKS = "-boxes", "-counts", "-masks"


def annotation_arrays(split: Split, preprocessing: Preprocessing) -> dict[str, np.ndarray]:
    """What there is to keep of a split's annotations, by the end of its file's name; nothing where it has none."""
    annotations = split.annotations
    if isinstance(annotations, BoxAnnotations):
        rows = [in_shares(things, size_of(split.images, index)) for index, things in enumerate(annotations.images)]
        for one in rows:
            one[:, :4] *= (preprocessing.width, preprocessing.height) * 2
        return {_COUNTS: np.array([len(one) for one in rows], np.int64), _BOXES: np.concatenate(rows)}
    if isinstance(annotations, MaskAnnotations):
        masks = [resized_mask(annotations.load(index), preprocessing) for index in range(len(split))]
        return {_MASKS: np.stack(masks)}
    return {}


def read_annotations(folder: Path, part: str) -> BoxAnnotations | MaskAnnotations | None:
    """The annotations of the images that were kept with these arrays."""
    if (masks := folder / f"{part}{_MASKS}.npy").exists():
        return MaskAnnotations(list(np.load(masks, mmap_mode="r")))
    if (boxes := folder / f"{part}{_BOXES}.npy").exists():
        ends = np.cumsum(np.load(folder / f"{part}{_COUNTS}.npy"))[:-1]
        images = np.split(np.load(boxes), ends)
        return BoxAnnotations(
            [Boxes(one[:, :4], one[:, LABEL].astype(np.int64), one[:, UNSCORED].astype(bool)) for one in images]
        )
    return None
