"""Which artifact of the winner is delivered: the fastest that holds its accuracy, and fp32 where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making import latency

from edgewise.data import Dataset, Preprocessing, open_dataset
from edgewise.deploy import ArtifactCard, build, export_onnx, random_tensors, read_artifact
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.quantization.trials import Subject
from edgewise.devices import Budget, Latency, Variant
from edgewise.fitting import forms
from edgewise.fitting.clocks import MeasuringClock, Timed
from edgewise.fitting.forms import Chosen, choose_form
from edgewise.papers import Architecture, find

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


class SetClock(MeasuringClock):
    """Says of each precision what the test has set: its lowest and its highest ms."""

    def __init__(self, ms: dict[str, tuple[float, float]]) -> None:
        super().__init__(ALLOWED, 1)
        self._ms = ms

    def measure_artifacts(
        self, artifacts: Sequence[Variant], architecture: Architecture, beside: Timed | None, seconds: float
    ) -> list[Latency]:
        made: list[Latency] = []
        for one in artifacts:
            low, high = self._ms[one.precision]
            known = latency(one.name, (low + high) / 2, low, high)
            made.append(replace(known, runtime=one.runtime, precision=one.precision))
        return made


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
    clock: SetClock | None = None,
    budget: str = "100s",
    schemes: int = 1,
) -> Chosen:
    monkeypatch.setattr(forms, "POINTS", points)
    monkeypatch.setattr(forms, "SCHEMES", SCHEMES[:schemes])
    images = np.random.default_rng(0).standard_normal((4, 3, 32, 32), dtype=np.float32)
    tell = (lambda text: None) if told is None else told.append
    with MeasuringClock(allowed, 1) if clock is None else clock as used:
        return choose_form(
            subject,
            digits,
            images,
            Budget.parse(budget),
            used,
            reference,
            folder,
            threads=1,
            seconds=1,
            workers=0,
            tell=tell,
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


@pytest.mark.parametrize(
    ("fp32", "int8", "right", "expected"),
    [
        ((2.0, 2.2), (1.0, 1.2), {"fp32": 0.9, "int8": 0.8}, "int8"),
        ((1.0, 1.2), (2.0, 2.2), {"fp32": 0.8, "int8": 0.9}, "fp32"),
        ((1.0, 2.2), (0.9, 1.2), {"fp32": 0.9, "int8": 0.8}, "fp32"),
        ((1.0, 1.2), (1.1, 1.4), {"fp32": 0.8, "int8": 0.9}, "int8"),
    ],
)
def test_the_fastest_beyond_noise_and_else_the_more_accurate(
    subject: Subject,
    digits: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fp32: tuple[float, float],
    int8: tuple[float, float],
    right: dict[str, float],
    expected: str,
) -> None:
    scores = iter((right["fp32"], right["int8"]))
    monkeypatch.setattr(forms, "score_of", lambda metrics: next(scores))
    chosen = choose(subject, digits, tmp_path, monkeypatch, points=20.0, clock=SetClock({"fp32": fp32, "int8": int8}))
    assert (chosen.attempt.precision, chosen.attempt.accuracy) == (expected, right[expected])
    assert chosen.latency.precision == expected


def test_of_those_the_same_within_noise_one_that_keeps_the_budget(
    subject: Subject, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter((0.9, 0.8))
    monkeypatch.setattr(forms, "score_of", lambda metrics: next(scores))
    clock = SetClock({"fp32": (1.0, 2.2), "int8": (0.9, 1.2)})
    chosen = choose(subject, digits, tmp_path, monkeypatch, points=20.0, clock=clock, budget="1.5ms")
    assert chosen.attempt.precision == "int8"


class ForAnother(SetClock):
    """Predicts, as far as anyone can tell."""

    device = "another"  # type: ignore[assignment]


@pytest.mark.parametrize("points", [100.0, -200.0])
def test_for_another_device_only_what_its_tables_are_of(
    subject: Subject, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: float
) -> None:
    """No other scheme, and where none holds the accuracy no parts in float: the table could not tell their latency."""
    clock = ForAnother({"fp32": (2.0, 2.2), "int8": (1.0, 1.2)})
    chosen = choose(subject, digits, tmp_path, monkeypatch, points=points, clock=clock, schemes=3)
    assert [(one.name, one.in_float) for one in chosen.attempts] == [("fp32", ()), ("u8s8 extremes", ())]
    assert chosen.attempt.name == ("u8s8 extremes" if points > 0 else "fp32")


def test_the_first_scheme_is_what_tables_are_timed_from(subject: Subject, tmp_path: Path) -> None:
    assert subject.architecture is not None
    images = np.random.default_rng(0).standard_normal((2, 3, 32, 32), dtype=np.float32)
    timed = build(subject.architecture, subject.tensors, tmp_path, "timed", precision="int8", images=images)
    plain = export_onnx(subject.architecture, subject.tensors, tmp_path / "plain.onnx")
    quantize_onnx(plain, images, tmp_path / "first.onnx", SCHEMES[0])
    assert timed.read_bytes() == (tmp_path / "first.onnx").read_bytes()
