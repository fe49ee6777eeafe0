"""`quantize`: the fastest int8 form that holds its accuracy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny_run import Made

import edgewise
from edgewise.deploy.quantize import SCHEMES
from edgewise.errors import EdgewiseError
from edgewise.verbs import quantize as verb


def test_a_model_file_and_its_artifact(made: Made, tmp_path: Path) -> None:
    model = Path(shutil.copy(made.model_file, tmp_path / "model.safetensors"))
    told: list[str] = []
    found = edgewise.quantize(model, made.images, points=20, seconds=2, tell=told.append)
    assert found.artifact == tmp_path / "model.int8.onnx"
    assert [one.name for one in found.attempts] == ["fp32", *(scheme.name for scheme in SCHEMES)]
    assert [line.split(":")[0] for line in told] == [scheme.name for scheme in SCHEMES]
    plain, *forms = found.attempts
    assert plain.accuracy == 1.0
    holding = [one for one in forms if one.accuracy >= 0.8]
    assert found.kept in holding
    assert all((one.latency is not None) == (one in holding) for one in forms)
    best = min(one.latency.median_ms for one in holding if one.latency)
    assert found.kept.latency is not None
    assert found.kept.latency.low_ms <= best
    assert found.speedup > 0
    scores = edgewise.evaluate(found.artifact, made.images, split="val").scores
    assert scores.metrics()["accuracy"] == pytest.approx(found.kept.accuracy)
    again = edgewise.quantize(made.artifact, made.images, tmp_path / "other.onnx", points=20, seconds=1)
    assert [one.accuracy for one in again.attempts] == [one.accuracy for one in found.attempts]


def test_accuracy_that_does_not_hold_is_refused(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies = iter([0.9, 0.5, 0.6, 0.7, 0.8])
    monkeypatch.setattr(verb, "_attempt", lambda name, *_: verb.Attempt(name, next(accuracies)))
    with pytest.raises(
        EdgewiseError, match=r"stays within 2 points of 90\.00%: u8s8 extremes 50\.00%, .*80\.00%; give"
    ):
        edgewise.quantize(made.artifact, made.images, tmp_path / "out.onnx", points=2)
    assert not (tmp_path / "out.onnx").exists()
