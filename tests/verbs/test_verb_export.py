"""A model file to the artifact of the runtime that is asked for, and that artifact in the other verbs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tiny_run import Made

import edgewise
from edgewise.deploy import compare, read_artifact
from edgewise.devices import find_runtime
from edgewise.errors import EdgewiseError

executorch = pytest.mark.skipif(
    find_runtime("executorch").version() is None, reason=find_runtime("executorch").install_hint
)


@pytest.fixture(scope="module")
def pte(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "model.pte"
    found = edgewise.export(made.model_file, out, runtime="executorch", images=made.images / "cat")
    assert found.artifact == out
    assert found.size_bytes == out.stat().st_size
    assert found.parity.images == 20
    assert found.parity.difference < 1e-4
    assert found.forms.kept == "plain"
    return out


@executorch
def test_an_artifact_for_executorch_with_its_card_beside(pte: Path, made: Made) -> None:
    assert sorted(file.name for file in pte.parent.iterdir()) == ["model.pte", "model.pte.json"]
    assert read_artifact(pte) == read_artifact(made.artifact)


@executorch
def test_it_predicts_and_is_evaluated_as_its_ending_tells(pte: Path, made: Made) -> None:
    ours, theirs = (edgewise.predict(made.images / "cat", model, top=2) for model in (pte, made.artifact))
    assert [one.classes for one in ours] == [one.classes for one in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.probabilities == pytest.approx(other.probabilities, abs=1e-4)
    scores = [edgewise.evaluate(model, made.images).scores.metrics() for model in (pte, made.artifact)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@executorch
def test_a_runtime_for_other_artifacts_is_refused(pte: Path, made: Made) -> None:
    with pytest.raises(
        EdgewiseError, match=r"^onnxruntime runs artifacts that end in \.onnx; .*model\.pte is one for ex"
    ):
        edgewise.predict(made.images, pte, runtime="onnxruntime")
    with pytest.raises(
        EdgewiseError, match=r"^executorch runs artifacts that end in \.pte; .*model\.onnx is one for onnx"
    ):
        edgewise.evaluate(made.artifact, made.images, runtime="executorch")


@executorch
def test_without_its_card_it_is_refused(pte: Path, made: Made, tmp_path: Path) -> None:
    alone = tmp_path / "alone.pte"
    alone.write_bytes(pte.read_bytes())
    with pytest.raises(EdgewiseError, match=r"there is no .*alone\.pte\.json"):
        edgewise.predict(made.images, alone)


@executorch
def test_out_has_the_runtimes_ending(made: Made, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"^an artifact for executorch ends in \.pte; .*a\.onnx does not$"):
        edgewise.export(made.model_file, tmp_path / "a.onnx", runtime="executorch")
    with pytest.raises(EdgewiseError, match=r"^an artifact for onnxruntime ends in \.onnx; .*a\.pte does not$"):
        edgewise.export(made.model_file, tmp_path / "a.pte")
    assert not list(tmp_path.iterdir())


def test_runtimes_without_artifacts_of_their_own(made: Made, tmp_path: Path) -> None:
    with pytest.raises(
        EdgewiseError, match="torch_eager runs model files as they are; there is nothing to export for it"
    ):
        edgewise.export(made.model_file, tmp_path / "a.safetensors", runtime="torch_eager")
    with pytest.raises(EdgewiseError, match="no runtime named 'abacus'"):
        edgewise.export(made.model_file, tmp_path / "a.onnx", runtime="abacus")


def test_a_failed_comparison_leaves_nothing(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.verbs.export.compare", partial(compare, tolerance=-1.0))
    with pytest.raises(EdgewiseError, match="is not the network it was made from"):
        edgewise.export(made.model_file, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
