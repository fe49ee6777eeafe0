"""The artifacts of what is benched, one for each runtime, precision and form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.deploy import build, random_tensors, tensors_of
from edgewise.deploy.fold import Tensors
from edgewise.deploy.rewrites import PLAIN, forms_of
from edgewise.deploy.suppression import with_suppression
from edgewise.devices import INTEGER_PRECISIONS, find_runtime
from edgewise.errors import EdgewiseError
from edgewise.verbs.bench.combinations import Combination
from edgewise.verbs.bench.subjects import Subject

_REWRITTEN = (".onnx", ".pte")
"""Endings of artifacts that are made of the graph, which passes over it can change."""


@dataclass(frozen=True)
class Built:
    """A subject's artifacts in one runtime and precision, by form: plain, and without shuffles where it has any.
    `example` is a file with what they are timed on, where that counts."""

    subject: Subject
    runtime: str
    precision: str
    forms: Mapping[str, Path]
    example: Path | None = None


@dataclass(frozen=True)
class Failure:
    """Something that could not be measured in a precision, and why; the sentence names the runtime and the subject."""

    precision: str
    sentence: str

    def __str__(self) -> str:
        return f"left out in {self.precision}: {self.sentence}"


def built(
    subject: Subject,
    combinations: Sequence[Combination],
    folder: Path,
    images: np.ndarray | None,
    example: Path | None = None,
) -> Iterator[Built | Failure]:
    """The subject's artifacts in each of the combinations, written into `folder` unless it is one itself.

    `images` `(N, C, H, W)`, normalised float32, give the ranges of quantised ones, random ones where there are none.
    With `example` those that find boxes suppress overlapping ones themselves, and are timed on what that file holds.
    """
    if subject.artifact is not None:
        for runtime, precision in combinations:
            yield Built(subject, runtime, precision, {PLAIN: subject.artifact}, example)
        return
    tensors = _tensors(subject)
    for runtime, precision in combinations:
        try:
            forms = _forms(subject, tensors, runtime, precision, folder, images)
            if example is not None:
                forms = {form: _suppressing(path, runtime) for form, path in forms.items()}
            yield Built(subject, runtime, precision, forms, example)
        except EdgewiseError as error:
            yield Failure(precision, f"{subject.name} in {runtime}: {error}")


def _suppressing(path: Path, runtime: str) -> Path:
    if path.suffix != ".onnx":
        raise EdgewiseError(f"{runtime} cannot suppress boxes inside of its artifacts; leave --suppress-inside out")
    whole = path.with_name(f"{path.stem}.whole{path.suffix}")
    return whole if whole.exists() else with_suppression(path, whole)


def _tensors(subject: Subject) -> Tensors:
    assert subject.architecture is not None
    if subject.file is None:
        return random_tensors(subject.architecture)
    from edgewise.weights import load_model

    return tensors_of(load_model(subject.file)[0])


def _forms(
    subject: Subject, tensors: Tensors, runtime: str, precision: str, folder: Path, images: np.ndarray | None
) -> dict[str, Path]:
    architecture = subject.architecture
    assert architecture is not None

    def made(form: str) -> Path:
        return build(
            architecture,
            tensors,
            folder / form.replace(" ", "_"),
            "model",
            runtime=runtime,
            precision=precision,
            card=subject.card,
            images=images if precision in INTEGER_PRECISIONS else None,
            form=form,
        )

    rewritten = find_runtime(runtime).suffix in _REWRITTEN
    return {form: made(form) for form in (forms_of(architecture.graph) if rewritten else (PLAIN,))}
