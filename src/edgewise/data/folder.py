"""Image folders: one folder a class, with or without `train/`, `val/` and `test/` above them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from edgewise.data.assemble import Listing, Options, from_files
from edgewise.data.dataset import Dataset
from edgewise.data.decode import BadImage
from edgewise.errors import EdgewiseError

_SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


def open_folder(root: Path, options: Options) -> Dataset:
    """Opens a folder of images as a Dataset.

    Two layouts are known. With splits: `train/<class>/…`, and `val/` (or `valid/`, `validation/`) and `test/` where
    they exist; each is used as what it is called, and a split that is missing is drawn from `train/`. Without:
    `<class>/…`, all three splits are drawn. Where the options ask for one split that is there, only its folder is
    looked into, and its classes are the dataset's. A class's images may lie in folders within its folder. Hidden files
    and folders are passed over; any other file in a class folder must be an image.

    Raises EdgewiseError for anything else, for files that cannot be used (unless skipped) and for classes that are
    empty or missing from a split.
    """
    folders = _split_folders(root)
    if options.only in folders:
        folders = {options.only: folders[options.only]}
    if folders:
        classes = sorted({folder.name for split in folders.values() for folder in _subfolders(split)})
        others = [folder.name for folder in _subfolders(root) if folder not in folders.values()]
        note = f"Not used: {', '.join(f'{name}/' for name in others)}." if others else ""
        roots: dict[str | None, Path] = {**folders}
    else:
        classes = [folder.name for folder in _subfolders(root)]
        note = ""
        roots = {None: root}
    if not classes:
        raise EdgewiseError(
            f"{root} has no class folders; put the images of each class into a folder named after it, "
            "directly in it or in its train/, val/ and test/"
        )
    paths: list[Path] = []
    labels: list[tuple[int, ...]] = []
    splits: list[str | None] = []
    bad: list[BadImage] = []
    for split, top in roots.items():
        bad += [
            BadImage(file.relative_to(root).as_posix(), "is an image outside the class folders")
            for file in sorted(top.iterdir())
            if file.is_file() and not file.name.startswith(".") and _named_as_image(file)
        ]
        for label, name in enumerate(classes):
            for file in _files(top / name):
                paths.append(file)
                labels.append((label,))
                splits.append(split)
    listing = Listing(
        source=str(root),
        classes=tuple(classes),
        multi_label=False,
        names=[path.relative_to(root).as_posix() for path in paths],
        labels=labels,
        splits=splits,
        given={name: f"{folder.name}/" for name, folder in folders.items()},
        bad=bad,
        note=note,
    )
    return from_files(listing, paths, options)


def _split_folders(root: Path) -> dict[str, Path]:
    """The folder of each split; none if the folders of `root` are classes."""
    found: dict[str, Path] = {}
    for folder in _subfolders(root):
        name = _SPLIT_FOLDERS.get(folder.name.lower())
        # A class may well be called "train"; a split is told by the class folders inside it.
        if name is None or not _subfolders(folder):
            continue
        if name in found:
            raise EdgewiseError(f"{root} has both {found[name].name}/ and {folder.name}/; keep one of them")
        found[name] = folder
    return found


def _subfolders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def _named_as_image(file: Path) -> bool:
    return file.suffix.lower() in Image.registered_extensions()


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(place, name)
