"""`quantize`: the fastest int8 form that holds its accuracy, and what is done where none does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from tiny_run import Made

import edgewise
from edgewise.deploy.quantization import SCHEMES, Scheme, quantize_onnx
from edgewise.deploy.quantization import trials as trials_module
from edgewise.deploy.quantization.trials import Attempt, Trials
from edgewise.devices import Latency, find_runtime
from edgewise.errors import EdgewiseError
from edgewise.verbs import quantize as verb
from edgewise.verbs.quantize import Quantized
from edgewise.weights import load_model

QUICK: tuple[Scheme, ...] = SCHEMES[:2]


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured for the seconds that are given: which form is the fastest does not matter here."""
    monkeypatch.setattr(trials_module, "SECONDS_EACH", 0.0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two schemes, for what does not depend on how many there are."""
    monkeypatch.setattr(verb, "SCHEMES", QUICK)


def _model(made: Made, folder: Path) -> Path:
    return Path(shutil.copy(made.model_file, folder / "model.safetensors"))


def test_a_model_file_and_its_artifact(made: Made, tmp_path: Path) -> None:
    told: list[str] = []
    found = edgewise.quantize(_model(made, tmp_path), made.images, points=20, seconds=2, tell=told.append)
    assert found.artifact == tmp_path / "model.int8.onnx"
    expected = ["fp32", *(scheme.name for scheme in SCHEMES if scheme.installed())]
    assert [one.name for one in found.attempts] == expected
    assert [line.split(" in ")[0] for line in told if ": " in line and "left out" not in line] == expected
    plain, *forms = found.attempts
    assert plain.accuracy == 1.0
    holding = [one for one in forms if one.accuracy >= 0.8]
    assert found.kept in holding
    assert all((one.latency is not None) == (one in holding) for one in forms)
    best = min(one.latency.median_ms for one in holding if one.latency)
    assert found.kept.latency is not None
    assert found.kept.latency.median_ms < best + 0.001
    assert found.speedup > 0
    assert {one.size_bytes is not None and one.size_bytes > 0 for one in found.attempts} == {True}
    scores = edgewise.evaluate(found.artifact, made.images, split="val").scores
    assert scores.metrics()["accuracy"] == pytest.approx(found.kept.accuracy)
    assert found.model_file is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.int8.onnx", "model.safetensors"]


@pytest.mark.usefixtures("quick")
def test_an_artifact_tells_how_it_was_quantised(made: Made, tmp_path: Path) -> None:
    found = edgewise.quantize(made.artifact, made.images, tmp_path / "other.onnx", points=20, seconds=1)
    said = {one.key: one.value for one in onnx.load(found.artifact).metadata_props}
    kept = json.loads(said["edgewise.quantised"])
    assert (kept["name"], kept["runtime"], kept["precision"]) == (found.kept.name, "onnxruntime", "int8")
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert content["attempts"][content["kept"]]["name"] == found.kept.name
    assert content["points_lost"] == pytest.approx(100 * (1 - found.kept.accuracy))


@pytest.mark.usefixtures("quick")
def test_several_runtimes_and_precisions(made: Made, tmp_path: Path) -> None:
    openvino = find_runtime("openvino")
    if openvino.version() is None:
        pytest.skip(f"openvino is not installed: {openvino.install_hint}")
    told: list[str] = []
    found = edgewise.quantize(
        made.artifact,
        made.images,
        tmp_path / "out.onnx",
        runtime=["onnxruntime", "openvino"],
        points=20,
        seconds=2,
        tell=told.append,
    )
    tried = {(one.runtime, one.precision) for one in found.attempts}
    left_out = any("no bf16 instructions" in line for line in told)
    wanted = {("onnxruntime", "fp32"), ("openvino", "fp32"), ("onnxruntime", "int8"), ("openvino", "int8")}
    assert tried == wanted | (set() if left_out else {("openvino", "int8+bf16")})
    latency = found.kept.latency
    assert latency is not None
    assert (latency.runtime, latency.precision) == (found.kept.runtime, found.kept.precision)


def _refuse(monkeypatch: pytest.MonkeyPatch, *, in_float: int = 10_000, tuned: bool = True) -> None:
    """Only what has so many parts in float, or was fine-tuned, holds its accuracy."""
    monkeypatch.setattr(Trials, "holds", lambda self, one: len(one.in_float) >= in_float or (one.fine_tuned and tuned))


@pytest.mark.usefixtures("quick")
def test_the_worst_parts_are_put_back(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(monkeypatch, in_float=2)
    table = tmp_path / "table.json"
    model = _model(made, tmp_path)
    found = edgewise.quantize(model, made.images, sensitivity=table, seconds=1)
    parts = [one["name"] for one in json.loads(table.read_text(encoding="utf-8"))["groups"]]
    assert list(found.kept.in_float) == parts[:2]
    assert found.kept.name.endswith("2 parts in float")
    weights = {one.name: one.data_type for one in onnx.load(found.artifact).graph.initializer}
    floats = [name for name, kind in weights.items() if name.endswith(".weight") and kind == onnx.TensorProto.FLOAT]
    assert {".".join(name.split(".")[:2]) for name in floats} == {one for one in parts[:2] if not one.endswith("pool")}


@pytest.mark.usefixtures("quick")
def test_fine_tuning_where_nothing_else_holds(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse(monkeypatch)
    model = _model(made, tmp_path)
    told: list[str] = []
    found = edgewise.quantize(model, made.images, qat=1, seconds=1, tell=told.append)
    assert any("fine-tuning, 1 epoch" in line for line in told)
    assert found.kept.fine_tuned
    assert found.kept.name.endswith("fine-tuned")
    assert found.model_file == tmp_path / "model.int8.safetensors"
    assert found.model_file is not None
    (tuned, card), (before, _) = load_model(found.model_file), load_model(model)
    assert card.architecture == made.trained.card.architecture
    assert not np.array_equal(*(one.state_dict()["0.conv.conv.weight"].numpy() for one in (tuned, before)))
    assert found.kept.accuracy > 0.5
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".onnx", ".safetensors", ".safetensors"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("artifact", [True, False])
def test_accuracy_that_does_not_hold_is_refused(
    artifact: bool, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(monkeypatch, tuned=False)
    with pytest.raises(EdgewiseError, match=r"stays within 2 points of 100\.00%; nearest came .*s8.*%.*; give more"):
        edgewise.quantize(
            made.artifact if artifact else made.model_file, made.images, tmp_path / "out.onnx", points=2, qat=0
        )
    assert not (tmp_path / "out.onnx").exists()


def test_what_holds_is_a_matter_of_points(made: Made, tmp_path: Path) -> None:
    split = edgewise.data.open_dataset(made.images).splits["val"]
    trials = Trials(split, [], tmp_path, points=1, threads=1, workers=0, score=lambda metrics: 0.0, tell=print)
    trials.attempts.append(Attempt("fp32", "onnxruntime", "fp32", 0.9))
    for accuracy, holds in ((0.9, True), (0.891, True), (0.89, True), (0.8899, False)):
        assert trials.holds(Attempt("u8s8", "onnxruntime", "int8", accuracy)) == holds


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"runtime": "torch_eager"}, r"torch_eager does not compute in int8; choose one of: onnxruntime"),
        ({"runtime": "nothing"}, r"no runtime named 'nothing'"),
        ({"qat": -1}, r"qat must be at least 0"),
        ({"seconds": float("nan")}, r"nan seconds are no time to measure in"),
        ({"out": "x.pte"}, r"an artifact for onnxruntime ends in \.onnx"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(options: dict, sentence: str, made: Made) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        edgewise.quantize(made.artifact, "no such data", **options)


@pytest.mark.usefixtures("quick")
def test_a_quantised_artifact_is_refused_at_once(made: Made, tmp_path: Path) -> None:
    images = np.random.default_rng(0).standard_normal((2, 3, 24, 24), dtype=np.float32)
    path = tmp_path / "model.int8.onnx"
    quantize_onnx(made.artifact, images, path, QUICK[0])
    with pytest.raises(
        EdgewiseError, match=r"model\.int8\.onnx is quantised already; give the floating-point artifact"
    ):
        edgewise.quantize(path, "no such data")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("quick")
def test_more_threads_than_cores_are_told(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.verbs.runtimes.available_cores", lambda: 2)
    told: list[str] = []
    with pytest.raises(EdgewiseError, match="no such data"):
        edgewise.quantize(made.artifact, "no such data", threads=64, tell=told.append)
    assert told == ["note: the machine has 2 cores to use: 64 threads take turns on them"]


def _timed(name: str, low: float, high: float) -> Attempt:
    latency = Latency(name, (low + high) / 2, low, low, high, 0.1, 12, 99, None, 0, 0, True, "onnxruntime", 1)
    return Attempt(name, "onnxruntime", "fp32" if name == "fp32" else "int8", 0.9, latency=latency)


@pytest.mark.parametrize(
    ("span", "faster"),
    [((0.5, 0.9), True), ((2.5, 3.0), False), ((0.5, 1.1), None), ((1.5, 3.0), None)],
)
def test_faster_only_where_the_intervals_are_apart(span: tuple[float, float], faster: bool | None) -> None:
    plain, slower, kept = _timed("fp32", 1.0, 2.0), _timed("fp32", 5.0, 6.0), _timed("u8s8 extremes", *span)
    found = Quantized(Path("x.onnx"), kept, (slower, plain, kept))
    assert found.floating is plain
    assert found.faster is faster
    assert found.to_json()["faster"] is faster


@pytest.mark.slow
def test_a_runtime_with_artifacts_of_its_own(made: Made, tmp_path: Path) -> None:
    executorch = find_runtime("executorch")
    if executorch.version() is None:
        pytest.skip(f"executorch is not installed: {executorch.install_hint}")
    with pytest.raises(EdgewiseError, match=r"executorch takes no \.onnx; give the model file"):
        edgewise.quantize(made.artifact, made.images, runtime="executorch")
    with pytest.raises(EdgewiseError, match=r"may end in \.onnx or \.pte"):
        edgewise.quantize(made.model_file, made.images, tmp_path / "x.onnx", runtime=["executorch", "onnxruntime"])
    found = edgewise.quantize(_model(made, tmp_path), made.images, runtime="executorch", points=20, seconds=1)
    assert found.artifact == tmp_path / "model.int8.pte"
    assert [(one.name, one.precision) for one in found.attempts] == [("fp32", "fp32"), ("executorch", "int8")]
    scores = edgewise.evaluate(found.artifact, made.images, split="val", runtime="executorch").scores
    assert scores.metrics()["accuracy"] == pytest.approx(found.kept.accuracy)
