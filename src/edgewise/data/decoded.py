"""Training images decoded once, with some of them held out, for any number of processes to map into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgewise.data.dataset import Split
from edgewise.data.images import StoredImages
from edgewise.data.loading import keep
from edgewise.data.preprocessing import Preprocessing
from edgewise.data.scenes.decoded import annotation_arrays, read_annotations
from edgewise.data.stratify import stratified
from edgewise.errors import EdgewiseError
from edgewise.files import replacing

HOLDOUT, MOST_HELD_OUT = 0.1, 2000
"""The share of the training images that networks are judged on while others are chosen, and the most it may be."""

PARTS = ("train", "holdout")


def hold_out(split: Split, seed: int) -> dict[str, Split]:
    """The training images `split` in two parts, `train` and `holdout`, each class in both as far as it goes."""
    share = min(HOLDOUT, MOST_HELD_OUT / len(split))
    if split.labels.ndim == 2:
        labels = [row.nonzero()[0].tolist() for row in split.labels]
    else:
        labels = [[int(label)] for label in split.labels]
    parts = stratified(labels, {"holdout": share}, seed)
    return {part: split.take([index for index, one in enumerate(parts) if one == part]) for part in PARTS}


def write_decoded(folder: Path, splits: Mapping[str, Split], preprocessing: Preprocessing) -> None:
    """Decodes the images of `train` and `holdout` once, at the network's size, for all workers to map into memory.

    Raises `EdgewiseError` where a file is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        labels = folder / f"{part}-labels.npy"
        if labels.exists():  # it is written last
            continue
        split = splits[part]
        kept = keep(split, preprocessing)
        if kept.bad and not split.skip_bad:
            index, reason = kept.bad[0]
            raise EdgewiseError(
                f"{split.path(index)} cannot be used ({reason}); remove it, or leave it out with --skip-bad"
            )
        sound = np.setdiff1d(np.arange(len(split)), [index for index, _ in kept.bad])
        written = split.take(sound.tolist())
        arrays = {"": kept.pixels[sound], **annotation_arrays(written, preprocessing), "-labels": written.labels}
        for end, array in arrays.items():
            with replacing(folder / f"{part}{end}.npy") as unfinished, unfinished.open("wb") as file:
                np.save(file, array)


def read_decoded(folder: Path) -> dict[str, Split]:
    """The splits that `write_decoded` wrote, their images mapped rather than read."""
    splits: dict[str, Split] = {}
    for part in PARTS:
        pixels = np.load(folder / f"{part}.npy", mmap_mode="r")
        labels = np.load(folder / f"{part}-labels.npy")
        images = StoredImages(pixels, [str(index) for index in range(len(labels))])
        splits[part] = Split(part, images, labels, annotations=read_annotations(folder, part))
    return splits
