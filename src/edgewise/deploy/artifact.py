"""What an artifact says of itself: the metadata that exporters put into it, or beside it where it has no room."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import numpy as np

from edgewise.blocks import Task
from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy.fold import Tensors
from edgewise.detection import Selection
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes, write_text
from edgewise.papers.architecture import Architecture
from edgewise.papers.header import stored_architecture
from edgewise.version import VERSION
from edgewise.weights.shapes import COUNTER, mismatch

if TYPE_CHECKING:
    from edgewise.weights import ModelCard

_BESIDE = frozenset({".pte"})
"""Endings of artifacts whose card is a file of its own."""

_CONTENT = "edgewise.sha256"

_TASK = "edgewise.task"

SELECTION = "edgewise.selection"
"""Where an artifact that decodes its boxes says how it chooses among them."""


@dataclass(frozen=True)
class ArtifactCard:
    """The preprocessing, class names and kind of labels of an artifact, and the digest of its architecture.

    With `normalise_inside` the artifact takes uint8 pixels `(1, 3, H, W)`, otherwise normalised float32. `selection` is
    how it chooses among its boxes, where it decodes them itself (`edgewise.deploy.suppression`). Exporters fill in the
    digest and the task.
    """

    preprocessing: Preprocessing
    classes: tuple[str, ...] = ()
    multi_label: bool = False
    normalise_inside: bool = False
    digest: str = ""
    task: Task = "classify"
    selection: Selection | None = None

    def to_metadata(self) -> dict[str, str]:
        """All but the digest, as the names and values that `read_artifact` finds in a file's metadata."""
        metadata = {
            "edgewise.preprocessing": json.dumps(self.preprocessing.to_json()),
            "edgewise.multi_label": json.dumps(self.multi_label),
            "edgewise.normalise_inside": json.dumps(self.normalise_inside),
        }
        if self.classes:
            metadata["edgewise.classes"] = json.dumps(list(self.classes))
        return metadata


def artifact_card(card: ModelCard, *, normalise_inside: bool = False) -> ArtifactCard:
    """The card of what the model of `card` is exported to."""
    task = card.architecture.task
    return ArtifactCard(card.preprocessing, card.classes, card.multi_label, normalise_inside, task=task)


def metadata_of(architecture: Architecture, card: ArtifactCard | None) -> dict[str, str]:
    """What exporters write of an artifact: its architecture, and what the card says."""
    metadata = {
        "edgewise.version": VERSION,
        "edgewise.architecture": json.dumps(architecture.to_dict()),
        "edgewise.digest": architecture.digest,
    }
    if architecture.task != "classify":
        metadata[_TASK] = architecture.task
    return metadata if card is None else metadata | card.to_metadata()


def exportable(architecture: Architecture, tensors: Tensors, card: ArtifactCard | None) -> dict[str, np.ndarray]:
    """The tensors as float32, without counters.

    Raises `EdgewiseError` when they are not the architecture's, or the card does not fit it.
    """
    floats = {name: np.asarray(array, np.float32) for name, array in tensors.items() if not name.endswith(COUNTER)}
    if difference := mismatch(architecture.graph, {name: array.shape for name, array in floats.items()}):
        raise EdgewiseError(f"these are not the tensors of {architecture.name}: {difference}")
    if card is None:
        return floats
    _, height, width = architecture.input
    preprocessing = card.preprocessing
    if (preprocessing.height, preprocessing.width) != (height, width):
        raise EdgewiseError(
            f"{architecture.name} takes images of {height}×{width} pixels and the preprocessing makes "
            f"{preprocessing.height}×{preprocessing.width}; use with_input or change the preprocessing"
        )
    if card.classes and len(card.classes) != architecture.classes:
        raise EdgewiseError(
            f"{len(card.classes)} class names were given for {architecture.name}, which tells {architecture.classes} "
            "classes apart; give one name for each"
        )
    return floats


def write_with_card(path: Path, content: bytes, metadata: dict[str, str]) -> None:
    """Writes an artifact and, as JSON beside it (`NAME.pte.json`), its metadata, which says what content it belongs to.

    Each is written whole or not at all; should only the first be, `read_artifact` says so.
    """
    write_bytes(path, content)
    write_text(_beside(path), json.dumps(metadata | {_CONTENT: sha256(content).hexdigest()}, indent=1) + "\n")


def copy_artifact(made: Path, path: Path) -> None:
    """Writes the artifact `made` to `path`, with the card beside it where it has one."""
    write_bytes(path, made.read_bytes())
    if made.suffix in _BESIDE:
        write_bytes(_beside(path), _beside(made).read_bytes())


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def read_artifact(path: Path) -> ArtifactCard:
    """The card of the artifact `path`: inside an `.onnx`, beside a `.pte`.

    Raises `EdgewiseError` when it cannot be read as ONNX, was not exported with preprocessing and class names, or the
    file beside it is missing or belongs to another.
    """
    said = _read(path)
    try:
        preprocessing, classes, multi_label, inside = (
            json.loads(said[f"edgewise.{name}"])
            for name in ("preprocessing", "classes", "multi_label", "normalise_inside")
        )
        names = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not (names and isinstance(multi_label, bool) and isinstance(inside, bool)):
            raise ValueError
        task = cast("Task", said.get(_TASK, "classify"))
        if task not in get_args(Task):
            raise ValueError
        selection = Selection(**json.loads(said[SELECTION])) if SELECTION in said else None
        prepared, digest = Preprocessing.from_json(preprocessing), said["edgewise.digest"]
        return ArtifactCard(prepared, tuple(classes), multi_label, inside, digest, task, selection)
    except (EdgewiseError, KeyError, ValueError, TypeError):
        raise EdgewiseError(
            f"{path} does not say how images are prepared for it and what its classes are called; "
            "only artifacts that `edgewise export` or `edgewise fit` wrote can be used on images"
        ) from None


def read_architecture(path: Path) -> Architecture:
    """The architecture that the artifact `path` was made of, also where it is the model file that torch runs. Raises
    `EdgewiseError` where it does not say."""
    if path.suffix == ".safetensors":
        return stored_architecture(path)
    try:
        return Architecture.from_json(_read(path)["edgewise.architecture"])
    except (EdgewiseError, KeyError, TypeError):
        raise EdgewiseError(f"{path} does not say what network it is; export it again with `edgewise export`") from None


def _read(path: Path) -> dict[str, str]:
    return _read_beside(path) if path.suffix in _BESIDE else _read_inside(path)


def _read_inside(path: Path) -> dict[str, str]:
    from edgewise.deploy.onnx_file import load

    return {entry.key: entry.value for entry in load(path).metadata_props}


def _read_beside(path: Path) -> dict[str, str]:
    card = _beside(path)
    try:
        said = json.loads(card.read_text(encoding="utf-8"))
        digest = sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise EdgewiseError(
            f"there is no {error.filename}: an artifact {path.suffix} and the card beside it, which says how images "
            "are prepared, belong together; export again, or copy both"
        ) from None
    except OSError as error:
        raise EdgewiseError(f"cannot read {error.filename}: {error.strerror}") from None
    except (ValueError, RecursionError):
        said, digest = None, ""
    if not isinstance(said, dict) or said.get(_CONTENT) != digest:
        raise EdgewiseError(f"{card} is not the card of the artifact {path} as it is; export it again, or copy both")
    return said
