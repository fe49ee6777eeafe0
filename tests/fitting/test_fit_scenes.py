"""`fit` for boxes and masks: from scenes and a budget to an artifact that says what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from quick_fit import quicken

import edgewise
from edgewise.blocks import Task
from edgewise.data.scenes.composed import COUNTS
from edgewise.deploy import read_artifact
from edgewise.errors import EdgewiseError
from edgewise.fitting.findings import SHOWN
from edgewise.papers import ladders as module
from edgewise.papers.family import Family
from edgewise.papers.ladders import ladders
from edgewise.papers.zoo import families
from edgewise.verbs.fit import FitResult


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the scenes, two families, seconds."""
    quicken(monkeypatch)
    for name, count in COUNTS.items():
        monkeypatch.setitem(COUNTS, name, count // 10)
    some: list[Family] = [one for one in families() if one.name in ("mobilenet_v3", "shufflenet_v2")]
    monkeypatch.setattr(module, "families", lambda: some)


@pytest.mark.parametrize(
    ("task", "measure"), [("detect", "mAP"), pytest.param("segment", "mean IoU", marks=pytest.mark.slow)]
)
def test_an_artifact_for_scenes(task: Task, measure: str, tmp_path: Path, quick: None) -> None:
    asked = {"runtime": "onnxruntime", "precision": "fp32", "epochs": 1, "candidates": 2, "progress": False}
    made: FitResult = edgewise.fit("scenes", "10s", task=task, size=64, out=tmp_path / "run", **asked)  # type: ignore[arg-type]
    card = read_artifact(made.delivery.artifact)
    assert card.task == task
    assert (card.selection is not None) == (task == "detect")
    operators = {node.op_type for node in onnx.load(made.delivery.artifact).graph.node}
    assert ("NonMaxSuppression" in operators) == (task == "detect")
    scores = edgewise.evaluate_scenes(made.delivery.artifact, "scenes").scores.metrics()
    assert made.delivery.test.metrics() == pytest.approx(scores)
    assert {one.candidate for one in made.standings} == {one.name for one in made.selected}
    assert len({one.family for one in made.selected}) == 2
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"validation {measure}, %" in page
    assert page.count('alt="') == 2 * min(SHOWN, COUNTS["test"])
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["delivery"]["metrics"].keys() >= {"test_map" if task == "detect" else "test_mean_iou"}


def test_what_cannot_be_fitted_is_told() -> None:
    with pytest.raises(EdgewiseError, match="give --input one number"):
        edgewise.fit("digits", "5ms", size=(16, 32))
    with pytest.raises(EdgewiseError, match="8 pixels"):
        edgewise.fit("scenes", "5ms", size=(8, 32), task="segment")


def test_ladders_for_masks_keep_the_shape_of_the_images() -> None:
    found = {(one.size, one.across) for one in ladders(360, 4, "segment", 480)}
    assert found == {(360, 480), (320, 424), (256, 344), (192, 256)}
    body = next(one for one in ladders(360, 4, "segment", 480) if (one.base, one.size) == ("mobilenet_v2", 256))
    architecture = body(0.5)
    assert architecture is not None
    assert architecture.input == (3, 256, 344)
    assert architecture.task == "segment"
