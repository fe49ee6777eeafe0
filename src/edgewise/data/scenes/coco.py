"""COCO: one JSON file a split (Lin et al., 2014)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.data.scenes.found import FoundBoxes, Marked, Thing
from edgewise.errors import EdgewiseError

_SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_BESIDE = "_annotations.coco.json"


def coco_files(source: Path) -> dict[str | None, Path]:
    """The JSON file of each split: `source` itself, `annotations/instances_<split>*.json`, or
    `<split>/_annotations.coco.json`; empty where there is none."""
    if source.is_file():
        return {None: source} if source.suffix.lower() == ".json" else {}
    found: dict[str | None, Path] = {}
    for path in sorted((source / "annotations").glob("*.json")):
        words = path.stem.removeprefix("instances_").lower()
        split = next((name for key, name in _SPLITS.items() if words.startswith(key)), None)
        if split is not None:
            found.setdefault(split, path)
    if not found and source.is_dir():
        for folder in sorted(source.iterdir()):
            split = _SPLITS.get(folder.name.lower())
            if split is not None and (folder / _BESIDE).is_file():
                found[split] = folder / _BESIDE
    return found


def read_coco(source: Path, files: dict[str | None, Path]) -> FoundBoxes:
    """All boxes of the files; crowds are not scored. Classes stand in the order of their category ids.

    Images are looked for beside the file, in `images/`, and in the folder that is called as the file
    (`instances_val2017.json`: `val2017/`). Raises `EdgewiseError` where a file is no COCO annotation.
    """
    names: dict[int, str] = {}
    marked: list[Marked] = []
    unlisted: list[tuple[str, str]] = []
    for split, path in files.items():
        content = _content(path)
        listed = {int(one["id"]): str(one["name"]) for one in content["categories"]}
        for number, name in listed.items():
            if names.setdefault(number, name) != name:
                raise EdgewiseError(
                    f"{path} calls category {number} {name!r}, another file {names[number]!r}; use one name"
                )
        things: dict[Any, list[Thing]] = {}
        for one in content["annotations"]:
            left, top, wide, high = (float(side) for side in one["bbox"])
            label = listed.get(int(one["category_id"]))
            if label is None:
                unlisted.append((path.name, str(one["category_id"])))
                continue
            box = (left, top, left + wide, top + high)
            things.setdefault(one["image_id"], []).append(Thing(label, box, unscored=bool(one.get("iscrowd"))))
        folder = _images_of(path, content["images"])
        root = source if source.is_dir() else path.parent
        for image in content["images"]:
            file = folder / str(image["file_name"])
            name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
            marked.append(Marked(file, name, split, tuple(things.get(image["id"], ()))))
    classes = tuple(names[number] for number in sorted(names))
    given = {split: path.name for split, path in files.items() if split is not None}
    return FoundBoxes(str(source), classes, tuple(marked), given, tuple(unlisted))


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EdgewiseError(f"{path} cannot be read as JSON: {error}") from None
    parts = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in parts):
        raise EdgewiseError(f"{path} is no COCO annotation: it needs the lists {', '.join(parts)}")
    try:
        for image in content["images"]:
            _ = image["id"], image["file_name"]
        for one in content["annotations"]:
            _ = one["image_id"], int(one["category_id"])
            if len(one["bbox"]) != 4:
                raise ValueError
        for one in content["categories"]:
            _ = int(one["id"]), one["name"]
    except (KeyError, TypeError, ValueError):
        raise EdgewiseError(
            f"{path} is no COCO annotation: images need id and file_name, annotations image_id, category_id and a bbox "
            "of four numbers, categories id and name"
        ) from None
    return content


def _images_of(path: Path, images: list[dict[str, Any]]) -> Path:
    """The folder that has the first image; the file's own where none has."""
    called = path.stem.removeprefix("instances_")
    roots = (path.parent, path.parent / "images", path.parent.parent / called, path.parent.parent / "images" / called)
    roots = (*roots, path.parent.parent / "images", path.parent.parent)
    first = str(images[0]["file_name"]) if images else ""
    return next((root for root in roots if first and (root / first).is_file()), path.parent)
