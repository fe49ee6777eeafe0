"""`predict` for boxes and masks: what a model file or artifact finds in images, and pictures of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgewise.blocks import Task
from edgewise.data.decode import BadImage
from edgewise.detection import Detections
from edgewise.errors import EdgewiseError
from edgewise.explaining.overlay import Framed, with_boxes, with_mask
from edgewise.files import replacing
from edgewise.verbs.checks import at_least
from edgewise.verbs.predict import find_images, read_image
from edgewise.verbs.scene_models import SceneModel, scene_model

_ENDINGS: Mapping[Task, tuple[str, ...]] = {"detect": (".png",), "segment": (".png", ".mask.png"), "classify": ()}
"""Of the pictures that are drawn."""

LEAST = 0.5
"""The score that a box must have to be told of, unless the user says."""

_CHUNK = 32
"""Images that are held at once: starting a runtime takes longer than most networks."""


@dataclass(frozen=True)
class FoundBox:
    """A thing: its class, how sure the network is, and its box in the image's pixels (left, top, right, bottom)."""

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Scene:
    """What was found in one image: boxes, best first, or the class of every pixel, uint8 (H, W)."""

    path: str
    boxes: tuple[FoundBox, ...]
    mask: np.ndarray | None
    classes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Boxes one by one; of a mask the share of the image that each class has."""
        if self.mask is None:
            boxes = [{"class": one.label, "score": one.score, "box": list(one.box)} for one in self.boxes]
            return {"path": self.path, "boxes": boxes}
        shares = np.bincount(self.mask.ravel(), minlength=len(self.classes)) / self.mask.size
        return {
            "path": self.path,
            "shares": {name: float(share) for name, share in zip(self.classes, shares, strict=True) if share},
        }


def predict_scenes(
    images: str | Path | Sequence[str | Path],
    model: str | Path,
    *,
    least: float | None = None,
    draw: str | Path | None = None,
    skip_bad: bool = False,
    bad: list[BadImage] | None = None,
    runtime: str | None = None,
    threads: int = 1,
) -> list[Scene]:
    """What `model`, a model file (in torch) or an artifact (in `runtime`, by default the one its ending tells), finds
    in each image. Boxes have a score of at least `least`, 0.5 unless it says. With `draw`, a folder, pictures with the
    boxes or masks are written there, and masks as `NAME.mask.png` too. Raises `EdgewiseError` as `predict`, and where a
    picture would overwrite an image."""
    if least is not None and not 0 <= least <= 1:
        raise EdgewiseError(f"a score lies between 0 and 1, not at {least}")
    at_least(1, {"threads": threads})
    finder = scene_model(model, runtime, threads)
    paths = list(find_images([images] if isinstance(images, str | Path) else images))
    if least is not None and finder.task == "segment":
        raise EdgewiseError(f"a least score is for boxes, and {model} gives masks; leave it out")
    drawn = {} if draw is None else _names(paths, Path(draw), finder.task)
    found: list[Scene] = []
    for start in range(0, len(paths), _CHUNK):
        readable: dict[Path, np.ndarray] = {}
        for path in paths[start : start + _CHUNK]:
            read = read_image(path)
            if not isinstance(read, BadImage):
                readable[path] = read
            elif not skip_bad:
                raise EdgewiseError(f"{read}; mend or remove it, or leave it out with --skip-bad")
            elif bad is not None:
                bad.append(read)
        for scene, (path, pixels) in zip(
            _scenes(finder, readable, LEAST if least is None else least), readable.items(), strict=True
        ):
            found.append(scene)
            if draw is not None:
                _draw(scene, pixels, drawn[path])
    return found


def _names(paths: Sequence[Path], folder: Path, task: Task) -> dict[Path, Path]:
    """Where the picture of each image goes, without its ending: images that are called alike in different folders, or
    end otherwise, get a number. Raises `EdgewiseError` where a picture would take the place of an image."""
    if folder.exists() and not folder.is_dir():
        raise EdgewiseError(f"{folder} is a file, and pictures are drawn into a folder; name one with --draw")
    given = {path.resolve() for path in paths}
    taken: set[str] = set()
    names: dict[Path, Path] = {}
    for path in paths:
        numbered = (f"{path.stem}-{number}" for number in itertools.count(2))
        name = next(one for one in itertools.chain([path.stem], numbered) if one not in taken)
        taken.add(name)
        names[path] = folder / name
        for ending in _ENDINGS[task]:
            picture = folder / f"{name}{ending}"
            if picture.resolve() in given:
                raise EdgewiseError(f"the picture of {path} would overwrite {picture}; name another folder with --draw")
    return names


def _scenes(finder: SceneModel, images: dict[Path, np.ndarray], least: float) -> Iterator[Scene]:
    if not images:
        return
    prepared = np.stack([finder.preprocessing.apply(pixels) for pixels in images.values()])
    if finder.task == "detect":
        for (path, pixels), found in zip(images.items(), finder.boxes(prepared), strict=True):
            yield Scene(str(path), _boxes(found.above(least), pixels, finder.classes), None, finder.classes)
        return
    for (path, pixels), scores in zip(images.items(), finder.scores(prepared), strict=True):
        height, width = pixels.shape[:2]
        mask = Image.fromarray(scores.argmax(0).astype(np.uint8))
        whole = np.asarray(mask.resize((width, height), Image.Resampling.NEAREST))
        yield Scene(str(path), (), whole, finder.classes)


def _boxes(found: Detections, pixels: np.ndarray, classes: tuple[str, ...]) -> tuple[FoundBox, ...]:
    places = found.in_pixels(*pixels.shape[:2]).round(1).tolist()
    return tuple(
        FoundBox(classes[label], round(score, 4), (box[0], box[1], box[2], box[3]))
        for label, score, box in zip(found.labels.tolist(), found.scores.tolist(), places, strict=True)
    )


def _draw(scene: Scene, pixels: np.ndarray, to: Path) -> None:
    """Draws what was found into `to` with an ending."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if scene.mask is not None:
        _write(scene.mask, to.with_name(f"{to.name}.mask.png"))
        _write(with_mask(pixels, scene.mask, len(scene.classes)), to.with_name(f"{to.name}.png"))
        return
    framed = [Framed(one.box, scene.classes.index(one.label), f"{one.label} {one.score:.2f}") for one in scene.boxes]
    _write(with_boxes(pixels, reversed(framed)), to.with_name(f"{to.name}.png"))  # the surest lies on top


def _write(pixels: np.ndarray, path: Path) -> None:
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG")
