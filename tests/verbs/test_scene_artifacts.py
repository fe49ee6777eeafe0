"""Networks for boxes and masks from the model file to artifacts: exported, scored, benched, quantised, used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import edgewise
from edgewise.blocks import Task
from edgewise.data.assemble import Options
from edgewise.data.scenes.composed import COUNTS, open_scenes
from edgewise.deploy import read_artifact
from edgewise.deploy.quantization import search as sensitivity_search
from edgewise.deploy.quantization.trials import Trials
from edgewise.errors import EdgewiseError
from edgewise.verbs import quantize
from edgewise.weights import read_card


@pytest.fixture(scope="module", autouse=True)
def few_scenes() -> Iterator[None]:
    """A tenth of the scenes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, count in COUNTS.items():
            patch.setitem(COUNTS, name, count // 10)
        yield


@pytest.fixture(scope="module", params=["detect", "segment"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Path]:
    made = edgewise.train_scenes(
        "scenes",
        "mobilenet_v3_small",
        task=request.param,
        width=0.35,
        size=64,
        epochs=1,
        out=tmp_path_factory.mktemp(request.param),
        progress=False,
    )
    return request.param, made.model_file


@pytest.fixture(scope="module")
def exported(model: tuple[Task, Path]) -> Path:
    made = edgewise.export(model[1])
    assert made.parity.difference < 1e-3
    return made.artifact


def pictures(folder: Path) -> Path:
    split = open_scenes("detect", Options()).splits["test"]
    folder.mkdir()
    for index in range(3):
        Image.fromarray(split.load(index)).resize((120, 80)).save(folder / f"{index}.png")
    return folder


def test_the_artifact_scores_what_the_network_scores(model: tuple[Task, Path], exported: Path) -> None:
    task, path = model
    assert read_artifact(exported).task == task
    ours = edgewise.evaluate_scenes(path, "scenes").scores.metrics()
    its = edgewise.evaluate_scenes(exported, "scenes").scores.metrics()
    assert its == pytest.approx(ours, rel=0.01, abs=1e-5)
    assert its == pytest.approx({name: read_card(path).metrics[f"test_{name}"] for name in its}, rel=0.01, abs=1e-5)
    with pytest.raises(EdgewiseError, match=r"use edgewise\.evaluate_scenes"):
        edgewise.evaluate(exported, "digits")


def test_the_artifact_finds_what_the_network_finds(model: tuple[Task, Path], exported: Path, tmp_path: Path) -> None:
    task, path = model
    images = pictures(tmp_path / "in")
    least = 0.02 if task == "detect" else None
    ours = edgewise.predict_scenes(images, path, least=least)
    its = edgewise.predict_scenes(images, exported, least=least, draw=tmp_path / "drawn")
    assert [one.path for one in its] == [one.path for one in ours]
    for one, other in zip(its, ours, strict=True):
        assert len(one.boxes) == len(other.boxes)
        left = list(other.boxes)
        for number, box in enumerate(one.boxes[:20]):
            assert box.score == pytest.approx(other.boxes[number].score, abs=1e-3)
            # Rounding decides about the order of boxes that are as sure as each other; each has one of its own.
            same = next(
                found
                for found in left
                if found.label == box.label
                and found.score == pytest.approx(box.score, abs=1e-3)
                and found.box == pytest.approx(box.box, abs=0.2)  # pixels
            )
            left.remove(same)
        assert bool(one.boxes) == (task == "detect")
        if one.mask is not None and other.mask is not None:
            assert np.mean(one.mask == other.mask) > 0.99
    assert len(list((tmp_path / "drawn").glob("*.png"))) == (3 if task == "detect" else 6)


def test_suppression_inside(model: tuple[Task, Path], tmp_path: Path) -> None:
    task, path = model
    out = tmp_path / "whole.onnx"
    if task == "segment":
        with pytest.raises(EdgewiseError, match="finds no boxes"):
            edgewise.export(path, out, suppress_inside=True)
        return
    edgewise.export(path, out, suppress_inside=True)
    ours = edgewise.evaluate_scenes(path, "scenes").scores.metrics()
    assert edgewise.evaluate_scenes(out, "scenes").scores.metrics() == pytest.approx(ours, rel=0.01, abs=1e-5)


def test_both_are_benched(model: tuple[Task, Path], exported: Path) -> None:
    task, path = model
    found = edgewise.bench([path, exported], data="scenes", seconds=0.5)
    accuracies = [one.accuracy for one in found.facts.values()]
    name = "map" if task == "detect" else "mean_iou"
    assert accuracies == pytest.approx([read_card(path).metrics[f"test_{name}"]] * 2, rel=0.01, abs=1e-5)
    assert any("without decoding and suppression" in note for note in found.notes) == (task == "detect")


def test_suppression_is_in_the_latency(model: tuple[Task, Path]) -> None:
    task, path = model
    if task == "segment":
        pytest.skip("masks need none")
    found = edgewise.bench([path], suppress_inside=True, seconds=0.5, data="scenes", runtime=["onnxruntime"])
    assert not any("without decoding" in note for note in found.notes)
    (fact,) = found.facts.values()
    assert fact.accuracy == pytest.approx(read_card(path).metrics["test_map"], rel=0.01, abs=1e-5)


@pytest.fixture
def one_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "SCHEMES", quantize.SCHEMES[:1])


def test_int8(model: tuple[Task, Path], tmp_path: Path, one_scheme: None) -> None:
    task, path = model
    out = tmp_path / "model.int8.onnx"
    made = edgewise.quantize(
        path, "scenes", out, points=100, calibration=8, seconds=0.5, suppress_inside=task == "detect"
    )
    card = read_artifact(made.artifact)
    assert card.task == task
    assert (card.selection is not None) == (task == "detect")
    scores = edgewise.evaluate_scenes(made.artifact, "scenes", split="val").scores.metrics()
    name = "map" if task == "detect" else "mean_iou"
    assert scores[name] == pytest.approx(made.kept.accuracy, rel=0.01, abs=1e-5)
    assert json.dumps(made.to_json())


def test_what_holds_nothing_is_a_sentence(
    model: tuple[Task, Path], monkeypatch: pytest.MonkeyPatch, one_scheme: None
) -> None:
    monkeypatch.setattr(Trials, "holds", lambda self, attempt: False)
    monkeypatch.setattr(sensitivity_search, "put_back", lambda *_: None)
    with pytest.raises(EdgewiseError, match="give more --calibration images, or allow more --points"):
        edgewise.quantize(model[1], "scenes", points=0.5, calibration=4, seconds=0.5)
