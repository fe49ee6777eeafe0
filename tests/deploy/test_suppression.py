"""Artifacts that decode their boxes and suppress overlapping ones give what is found outside of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy import ArtifactCard, build, export_onnx, random_tensors, read_artifact
from edgewise.deploy.artifact import read_architecture
from edgewise.deploy.scene_scoring import SceneArtifact
from edgewise.deploy.suppression import check_suppression, with_suppression
from edgewise.detection import Detections, Selection, anchor_boxes, selected
from edgewise.devices import find_runtime, run_each
from edgewise.errors import EdgewiseError
from edgewise.papers import find

SMALL = find("mobilenet_v3_small").scaled(0.25)
CLASSES = ("cat", "dog", "eel")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detectors")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, 3, 96, 96), dtype=np.float32)


@pytest.fixture(scope="module")
def raw(folder: Path) -> Path:
    from edgewise.papers.ssdlite import ssdlite

    architecture = ssdlite(SMALL, len(CLASSES), size=96)
    card = ArtifactCard(Preprocessing(96, 96, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)), CLASSES)
    return export_onnx(architecture, random_tensors(architecture), folder / "raw.onnx", card=card)


def found_outside(
    path: Path, images: np.ndarray, selection: Selection, runtime: str = "onnxruntime", precision: str = "fp32"
) -> list[Detections]:
    anchors = anchor_boxes(read_architecture(path))
    raw = run_each(path, images, runtime=runtime, precision=precision)
    return [selected(scores[0], boxes[0], anchors, selection) for scores, boxes in raw]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(best=20), Selection(overlap=0.1), Selection(least_score=0.3), Selection(most=7)],
    ids=str,
)
def test_inside_is_found_what_is_found_outside(
    raw: Path, tmp_path: Path, images: np.ndarray, selection: Selection, runtime: str
) -> None:
    if find_runtime(runtime).version() is None:
        pytest.skip(f"{runtime} is not installed")
    whole = with_suppression(raw, tmp_path / "whole.onnx", selection)
    card = read_artifact(whole)
    assert (card.task, card.selection, card.classes) == ("detect", selection, CLASSES)
    assert read_artifact(raw).selection is None
    inside = list(SceneArtifact(whole, card, runtime).boxes(images))
    for one, other in zip(inside, found_outside(raw, images, selection, runtime=runtime), strict=True):
        assert len(one.scores) == len(other.scores)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-4, atol=1e-6)
        # Of equal scores either may come first.
        assert sorted(map(tuple, np.c_[one.labels, one.boxes].round(3).tolist())) == sorted(
            map(tuple, np.c_[other.labels, other.boxes].round(3).tolist())
        )


def test_nothing_may_be_found(raw: Path, tmp_path: Path, images: np.ndarray) -> None:
    whole = with_suppression(raw, tmp_path / "whole.onnx", Selection(least_score=1.0))
    for found in SceneArtifact(whole, read_artifact(whole)).boxes(images):
        assert found.boxes.shape == (0, 4)
        assert len(found.scores) == len(found.labels) == 0


def test_a_quantised_artifact_suppresses_too(raw: Path, tmp_path: Path, images: np.ndarray) -> None:
    architecture = read_architecture(raw)
    card = ArtifactCard(Preprocessing(96, 96, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)), CLASSES)
    tensors = random_tensors(architecture)
    quantised = build(architecture, tensors, tmp_path, "model", precision="int8", card=card, images=images)
    whole = with_suppression(quantised, tmp_path / "whole.onnx")
    inside = list(SceneArtifact(whole, read_artifact(whole), precision="int8").boxes(images))
    for one, other in zip(inside, found_outside(quantised, images, Selection(), precision="int8"), strict=True):
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-4, atol=1e-6)


def test_what_cannot_suppress_says_so(raw: Path, tmp_path: Path) -> None:
    whole = with_suppression(raw, tmp_path / "whole.onnx")
    with pytest.raises(EdgewiseError, match="suppresses overlapping boxes already"):
        with_suppression(whole, tmp_path / "twice.onnx")
    classifier = find("mobilenet_v3_small").scaled(0.25).with_classes(3).with_input(32)
    plain = export_onnx(classifier, random_tensors(classifier), tmp_path / "plain.onnx")
    with pytest.raises(EdgewiseError, match="it has no anchors"):
        with_suppression(plain, tmp_path / "other.onnx")
    with pytest.raises(EdgewiseError, match="finds no boxes"):
        check_suppression("segment", raw, [".onnx"])
    with pytest.raises(EdgewiseError, match=r"only \.onnx artifacts"):
        check_suppression("detect", raw, [".onnx", ".pte"])
