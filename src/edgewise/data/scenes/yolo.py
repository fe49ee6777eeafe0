"""YOLO: one text file an image, a line a box: class, centre x and y, width and height as shares of the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgewise.data.decode import BadImage
from edgewise.data.scenes.found import FoundBoxes, Marked, Thing
from edgewise.errors import EdgewiseError

_SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def yolo_folders(root: Path) -> dict[str | None, tuple[Path, Path]]:
    """The folders of images and of labels of each split: `images/<split>` and `labels/<split>`, `<split>/images` and
    `<split>/labels`, or `images` and `labels` alone; empty where labels are no text files."""
    found: dict[str | None, tuple[Path, Path]] = {}
    for key, split in _SPLITS.items():
        for images, labels in (
            (root / "images" / key, root / "labels" / key),
            (root / key / "images", root / key / "labels"),
        ):
            if images.is_dir() and labels.is_dir() and split not in found:
                found[split] = (images, labels)
    if not found and (root / "images").is_dir() and (root / "labels").is_dir():
        found[None] = (root / "images", root / "labels")
    texts = (next(labels.glob("*.txt"), None) for _, labels in found.values())
    return found if any(texts) else {}


def read_yolo(root: Path, folders: dict[str | None, tuple[Path, Path]]) -> FoundBoxes:
    """All boxes of the folders. Names of classes stand in `data.yaml` (`names`), `classes.txt` or `obj.names`; without
    them classes are called by their numbers. An image without a text file has no boxes."""
    listed = _names(root)
    marked: list[Marked] = []
    unlisted: list[tuple[str, str]] = []
    bad: list[BadImage] = []
    for split, (images, labels) in folders.items():
        for image in _images(images):
            name = image.relative_to(root).as_posix()
            text = labels / image.relative_to(images).with_suffix(".txt")
            things: list[Thing] = []
            try:
                for number, box in _lines(text):
                    if listed is not None and number >= len(listed):
                        unlisted.append((text.name, str(number)))
                        continue
                    things.append(Thing(str(number) if listed is None else listed[number], box))
            except _LineError as error:
                bad.append(BadImage(name, f"has boxes that cannot be read: {text.name} {error}"))
                continue
            marked.append(Marked(image, name, split, tuple(things), relative=True))
    if listed is None:
        most = max((int(thing.label) for one in marked for thing in one.things), default=-1)
        listed = tuple(str(number) for number in range(most + 1))
    given = {split: f"{images.relative_to(root).as_posix()}/" for split, (images, _) in folders.items() if split}
    return FoundBoxes(str(root), listed, tuple(marked), given, tuple(unlisted), tuple(bad))


class _LineError(Exception):
    """The message continues a sentence that begins with the file's name."""


def _images(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES)


def _lines(path: Path) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            label, (x, y, wide, high) = int(words[0]), map(float, words[1:])
            if label < 0:
                raise ValueError
        except ValueError:
            raise _LineError(f"line {number} is not a class and four numbers: {line.strip()[:40]!r}") from None
        yield label, (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _names(root: Path) -> tuple[str, ...] | None:
    for file in ("data.yaml", "data.yml", "dataset.yaml"):
        if (root / file).is_file():
            return _yaml_names(root / file)
    for file in ("classes.txt", "obj.names"):
        if (root / file).is_file():
            lines = (root / file).read_text(encoding="utf-8").splitlines()
            return tuple(line.strip() for line in lines if line.strip())
    return None


def _yaml_names(path: Path) -> tuple[str, ...] | None:
    import yaml

    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise EdgewiseError(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}") from None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)]
    if names is None:
        return None
    if not isinstance(names, list):
        raise EdgewiseError(f"{path} has names that are no list; write one name for every class")
    return tuple(map(str, names))
