"""Which artifact of the winner is delivered: the fastest that holds its accuracy, and fp32 where none does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgewise.data import Dataset, Preprocessing, open_dataset
from edgewise.deploy import ArtifactCard, export_onnx, random_tensors, read_artifact
from edgewise.deploy.quantization.trials import Subject
from edgewise.fitting import forms
from edgewise.fitting.clocks import MeasuringClock, Timed
from edgewise.fitting.forms import Chosen, choose_form
from edgewise.papers import find

ALLOWED = [("onnxruntime", "fp32"), ("onnxruntime", "int8")]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("digits", seed=0)


@pytest.fixture(scope="module")
def subject(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    architecture = find("mobilenet_v2").scaled(0.35).with_input(32).with_classes(10)
    tensors = random_tensors(architecture)
    card = ArtifactCard(Preprocessing(32, 32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)), digits.classes)
    path = export_onnx(architecture, tensors, tmp_path_factory.mktemp("plain") / "plain.onnx", card=card)
    return Subject(path, read_artifact(path), architecture, tensors)


def choose(
    subject: Subject,
    digits: Dataset,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    points: float,
    allowed: list[tuple[str, str]] = ALLOWED,
    reference: Timed | None = None,
    told: list[str] | None = None,
) -> Chosen:
    monkeypatch.setattr(forms, "POINTS", points)
    monkeypatch.setattr(forms, "SCHEMES", forms.SCHEMES[:1])
    images = np.random.default_rng(0).standard_normal((4, 3, 32, 32), dtype=np.float32)
    tell = (lambda text: None) if told is None else told.append
    with MeasuringClock(allowed, 1) as clock:
        return choose_form(
            subject, digits, images, clock, reference, folder, threads=1, seconds=1, workers=0, tell=tell
        )


def test_the_fastest_of_those_that_hold(
    subject: Subject, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subject.architecture is not None
    reference = Timed("reference", subject.architecture, ALLOWED[0])
    chosen = choose(subject, digits, tmp_path, monkeypatch, points=100.0, reference=reference)
    assert {(one.name, one.precision) for one in chosen.attempts} == {("fp32", "fp32"), ("u8s8 extremes", "int8")}
    assert chosen.latency.name == chosen.attempt.name
    assert (chosen.latency.runtime, chosen.latency.precision) == (chosen.attempt.runtime, chosen.attempt.precision)
    assert chosen.reference is not None
    assert chosen.reference.name == "reference"
    assert (chosen.artifact == subject.artifact) == (chosen.attempt.name == "fp32")


def test_where_none_holds_fp32_is_delivered(
    subject: Subject, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    chosen = choose(subject, digits, tmp_path, monkeypatch, points=-200.0, allowed=[("onnxruntime", "int8")], told=told)
    assert chosen.attempt.name == "fp32"
    assert chosen.artifact == subject.artifact
    assert told[-1].startswith("nothing that is allowed stays within")
