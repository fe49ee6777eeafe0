"""What is benched: artifacts and model files as they are, names and architectures with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise.blocks import Task
from edgewise.costs import count
from edgewise.deploy import ArtifactCard, count_onnx, read_artifact
from edgewise.deploy.artifact import artifact_card
from edgewise.deploy.inspect import image_shape, is_quantized
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find
from edgewise.verbs.resolve import architecture_of, existing, is_artifact, is_model_file

_ONNX = ".onnx"


@dataclass(frozen=True)
class Subject:
    """One model, by the name its rows will have: an artifact is a `file`, a named model an `architecture`, a model file
    both. `card` says how images are prepared for it, None where nothing does."""

    name: str
    architecture: Architecture | None = None
    file: Path | None = None
    card: ArtifactCard | None = None

    @property
    def artifact(self) -> Path | None:
        """The artifact that is to be measured as it is; None for what is built first."""
        return self.file if self.architecture is None else None

    @property
    def multiply_adds(self) -> int | None:
        """None for a file that a runtime takes and the counter does not."""
        if self.architecture is not None:
            return count(self.architecture).multiply_adds
        assert self.file is not None
        try:
            return count_onnx(self.file).multiply_adds if self.file.suffix == _ONNX else None
        except EdgewiseError:
            return None

    @property
    def image(self) -> tuple[int, int, int] | None:
        """The `(C, H, W)` it takes; None where the artifact does not say."""
        if self.architecture is not None:
            return self.architecture.input
        assert self.file is not None
        if self.card is not None:
            return (3, self.card.preprocessing.height, self.card.preprocessing.width)
        try:
            return image_shape(self.file) if self.file.suffix == _ONNX else None
        except EdgewiseError:
            return None

    @property
    def task(self) -> Task:
        """What it says of an image, as far as is known."""
        if self.architecture is not None:
            return self.architecture.task
        return "classify" if self.card is None else self.card.task

    @property
    def classes(self) -> int | None:
        if self.architecture is not None:
            return self.architecture.classes
        return len(self.card.classes) if self.card is not None else None

    def quantized(self) -> bool | None:
        """Whether the artifact is; None where nothing says. Raises `EdgewiseError` where it cannot be read."""
        assert self.artifact is not None
        return is_quantized(self.artifact) if self.artifact.suffix == _ONNX else None


def subject_of(
    model: str | Path, *, width: float | None = None, size: int | None = None, classes: int | None = None
) -> Subject:
    """What `model` names; `width`, `size` and `classes` are for names and architectures. Raises `EdgewiseError` when it
    is unknown or cannot be read."""
    if is_artifact(model):
        path = existing(model, "artifact")
        return Subject(str(model), file=path, card=_card(path))
    if is_model_file(model):
        from edgewise.weights import read_card

        path = existing(model, "model file")
        card = read_card(path)
        return Subject(str(model), card.architecture, path, artifact_card(card))
    architecture = architecture_of(model, width=width, size=size, classes=classes)
    return Subject(architecture.name, architecture)


def reference_of(name: str, subjects: Sequence[Subject], size: int | None, classes: int | None) -> Subject:
    """The budget's reference for the same task as what it is compared with: images and classes, never its width.

    `size` and `classes` are by default those of the largest artifact or model file. Raises `EdgewiseError` when the
    reference is unknown, or is measured itself for another task.
    """
    known = [one for one in subjects if one.file is not None and one.card is not None]
    if known:
        size = size or max(one.image[1] for one in known if one.image is not None)
        classes = classes or max(one.classes for one in known if one.classes is not None)
    reference = Subject(name, architecture_of(find(name), size=size, classes=classes))
    if any(one.name == name and one != reference for one in subjects):
        raise EdgewiseError(
            f"{name} is measured and is the budget's reference too, but for other images or classes; "
            "give --input and --classes"
        )
    return reference


def inputs_differ(subjects: Sequence[Subject]) -> list[str]:
    """A note where the subjects do not take the same images."""
    shapes = {one.name: one.image for one in subjects if one.image is not None}
    if len(set(shapes.values())) < 2:
        return []
    said = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in shapes.items())
    return [f"the models take images of different sizes, so this compares different tasks: {said}"]


def _card(path: Path) -> ArtifactCard | None:
    try:
        return read_artifact(path)
    except EdgewiseError:
        return None
