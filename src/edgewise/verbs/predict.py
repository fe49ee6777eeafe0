"""`predict`: the classes of images, from an artifact or a model file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np

from edgewise.data.decode import BadImage, UnreadableError, decode, quiet
from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.verbs.checks import at_least
from edgewise.verbs.resolve import existing, gives_scenes, is_artifact, is_model_file, runtime_for

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})

_CHUNK = 256


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of one image, best first, with their probabilities."""

    path: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


def predict(
    images: str | Path | Sequence[str | Path],
    model: str | Path,
    *,
    top: int = 1,
    skip_bad: bool = False,
    bad: list[BadImage] | None = None,
    runtime: str | None = None,
    threads: int = 1,
) -> list[Prediction]:
    """The `top` classes of each image. `images` are files, folders (searched through) and patterns (`photos/*.jpg`).

    An artifact runs in `runtime`, by default the one its ending tells; a model file in torch. With `skip_bad`, files
    that cannot be read are left out and appended to `bad`. Raises `EdgewiseError` when there are no images, or one
    cannot be read.
    """
    at_least(1, {"top": top, "threads": threads})
    model = existing(model, "model")
    if gives_scenes(model):
        raise EdgewiseError(f"{model} gives boxes or masks, not classes; use edgewise.predict_scenes")
    paths = list(find_images([images] if isinstance(images, str | Path) else images))
    predictor = _Artifact(model, runtime_for(model, runtime), threads) if is_artifact(model) else _ModelFile(model)
    found: list[Prediction] = []
    for start in range(0, len(paths), _CHUNK):
        readable: list[Path] = []
        pixels: list[np.ndarray] = []
        for path in paths[start : start + _CHUNK]:
            read = read_image(path)
            if isinstance(read, BadImage):
                if not skip_bad:
                    raise EdgewiseError(f"{read}; mend or remove it, or leave it out with --skip-bad")
                if bad is not None:
                    bad.append(read)
                continue
            pixels.append(predictor.preprocessing.resized(read))
            readable.append(path)
        if readable:
            probabilities = predictor.probabilities(np.stack(pixels))
            found.extend(
                _best(str(path), p, predictor.classes, top) for path, p in zip(readable, probabilities, strict=True)
            )
    return found


def find_images(images: Iterable[str | Path]) -> Iterator[Path]:
    """The files that `images` names, folders and patterns resolved, in order. Raises `EdgewiseError` when one of them
    names nothing."""
    some = False
    for item in images:
        path = Path(item)
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
        elif path.exists():
            files = [path]
        else:
            # Path.glob cannot take a pattern with a folder of its own, nor an absolute one.
            matches = glob(str(item), recursive=True)  # noqa: PTH207
            files = sorted(path for path in map(Path, matches) if path.is_file())
        if not files:
            raise EdgewiseError(
                f"there are no images at {item}; name files, a folder, or a pattern such as 'photos/*.jpg'"
            )
        some = True
        yield from files
    if not some:
        raise EdgewiseError("no images were named; name files, a folder, or a pattern such as 'photos/*.jpg'")


def read_image(path: Path) -> np.ndarray | BadImage:
    """The image at `path`, uint8 `(H, W, 3)`, or why it cannot be read."""
    try:
        with quiet():
            return decode(path)
    except UnreadableError as error:
        return BadImage(str(path), str(error))


def _best(path: str, probabilities: np.ndarray, classes: tuple[str, ...], top: int) -> Prediction:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return Prediction(path, tuple(classes[i] for i in order), tuple(float(probabilities[i]) for i in order))


class _Artifact:
    def __init__(self, path: Path, runtime: str, threads: int) -> None:
        from edgewise.deploy import read_artifact

        self._path, self._runtime, self._threads = path, runtime, threads
        self._card = read_artifact(path)
        self.classes = self._card.classes
        self.preprocessing: Preprocessing = self._card.preprocessing

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        from edgewise.deploy.scoring import artifact_logits

        logits = artifact_logits(self._path, self._card, pixels, runtime=self._runtime, threads=self._threads)
        if self._card.multi_label:
            return 1 / (1 + np.exp(-logits))
        raised = np.exp(logits - logits.max(1, keepdims=True))
        return raised / raised.sum(1, keepdims=True)


class _ModelFile:
    def __init__(self, path: Path) -> None:
        if not is_model_file(path):
            raise EdgewiseError(
                f"{path} is neither a model file (.safetensors) nor an artifact (.onnx, .pte); give one"
            )
        from edgewise.weights import Model

        model = Model.from_pretrained(path)
        self.classes = model.card.classes
        self.preprocessing: Preprocessing = model.card.preprocessing
        self.probabilities = model.probabilities
