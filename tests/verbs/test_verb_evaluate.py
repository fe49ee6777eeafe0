"""`evaluate` and `export`: the artifact scores as the network does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_run import Made

import edgewise
from edgewise import EdgewiseError


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_model_file_and_artifact_score_alike(made: Made, split: str) -> None:
    network = edgewise.evaluate(made.model_file, made.images, split=split)
    artifact = edgewise.evaluate(made.artifact, made.images, split=split)
    assert network.images == artifact.images == {"train": 48, "val": 6, "test": 6}[split]
    assert artifact.classes == ("cat", "dög pup", "eel")
    np.testing.assert_array_equal(network.scores.confusion, artifact.scores.confusion)
    assert network.scores.confusion is not None
    assert network.scores.confusion.sum() == network.images
    expected = {name: pytest.approx(value, rel=1e-4, abs=1e-6) for name, value in network.scores.metrics().items()}
    assert artifact.scores.metrics() == expected


def test_the_scores_are_those_of_training(made: Made) -> None:
    scores = edgewise.evaluate(made.model_file, made.images).scores.metrics()
    assert scores == {name: pytest.approx(made.trained.card.metrics[f"test_{name}"]) for name in ("loss", "accuracy")}


def test_the_model_must_know_the_classes(made: Made, tmp_path: Path, coloured_folder: Callable[..., Path]) -> None:
    other = coloured_folder(tmp_path / "other", ("cat", "dog", "eel"), 10)
    for model in (made.model_file, made.artifact):
        with pytest.raises(EdgewiseError, match=r"the classes of .*other are not those of .*: dog; evaluate"):
            edgewise.evaluate(model, other)


def test_files_left_out_are_told(made: Made, tmp_path: Path, coloured_folder: Callable[..., Path]) -> None:
    images = coloured_folder(tmp_path / "images", ("cat", "dög pup", "eel"), 10)
    (images / "cat" / "none.png").write_bytes(b"")
    with pytest.raises(EdgewiseError, match=r"none\.png is empty"):
        edgewise.evaluate(made.model_file, images)
    (bad,) = edgewise.evaluate(made.model_file, images, skip_bad=True).skipped
    assert bad.path.endswith("none.png")


def test_export_writes_beside_the_model_file_and_compares(made: Made) -> None:
    assert made.artifact == made.model_file.with_suffix(".onnx")
    again = edgewise.export(made.model_file, images=made.images)
    assert again.size_bytes == again.artifact.stat().st_size
    assert again.parity.images == 60
    assert again.parity.difference < 1e-5
    assert again.parity.agreement == 1.0
    assert [path.name for path in made.model_file.parent.glob(".*")] == []


def test_an_artifact_that_normalises_scores_the_same(made: Made, tmp_path: Path) -> None:
    inside = edgewise.export(made.model_file, tmp_path / "new" / "inside.onnx", normalise_inside=True)
    assert inside.artifact.stat().st_size > made.artifact.stat().st_size
    outside = edgewise.evaluate(made.artifact, made.images).scores
    scores = edgewise.evaluate(inside.artifact, made.images).scores
    assert scores.loss == pytest.approx(outside.loss, rel=1e-4)
    assert inside.parity.images > 4


def test_an_artifact_that_disagrees_is_not_left_behind(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disagree(*_: object, **__: object) -> None:
        raise EdgewiseError("not the network")

    monkeypatch.setattr("edgewise.verbs.export.compare", disagree)
    old = tmp_path / "old.onnx"
    old.write_text("an artifact from before")
    with pytest.raises(EdgewiseError, match="not the network"):
        edgewise.export(made.model_file, old)
    assert [path.name for path in tmp_path.iterdir()] == ["old.onnx"]
    assert old.read_text() == "an artifact from before"
