"""The images of a study: named in a file of its folder, so that workers open the same ones."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.files import write_text

if TYPE_CHECKING:
    from edgewise.data import Dataset

FILE = "data.json"


@dataclass(frozen=True)
class StudyData:
    """What `open_dataset` is asked for, and how many of the training images are taken, all where None."""

    source: str
    root: str | None
    skip_bad: bool
    images: int | None

    def opened(self) -> Dataset:
        """The images. Raises `EdgewiseError` as `open_dataset` does, and for those that have not one class each."""
        from edgewise.data import open_dataset

        root = None if self.root is None else Path(self.root)
        dataset = open_dataset(self.source, skip_bad=self.skip_bad, root=root)
        if dataset.task != "classify" or dataset.multi_label:
            raise EdgewiseError(f"{dataset.source} is not of images with one class each, which studies are trained on")
        return _part(dataset, self.images)

    def write(self, folder: Path) -> None:
        write_text(folder / FILE, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> StudyData:
        """What `write` wrote."""
        return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))


def _part(dataset: Dataset, images: int | None) -> Dataset:
    """The dataset with so many of its training images, evenly from everywhere: they lie by class."""
    train = dataset.splits["train"]
    if images is None or images >= len(train):
        return dataset
    chosen = np.unique(np.linspace(0, len(train) - 1, images).astype(int)).tolist()
    return replace(dataset, splits={**dataset.splits, "train": train.take(chosen)})
