"""Who is benched in what: runtimes and precisions by name or all, artifacts where they fit. Nothing is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_run import TINY, Made

from edgewise import EdgewiseError
from edgewise.deploy import export_onnx, random_tensors
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.devices import find_runtime
from edgewise.devices.runtimes import openvino as openvino_file
from edgewise.verbs.bench.combinations import combinations
from edgewise.verbs.bench.plan import Plan, plan


def planned(*models: str | Path, **options: object) -> Plan:
    given = {"width": None, "size": None, "classes": None, "runtime": "onnxruntime", "precision": "fp32"}
    return plan(list(models), **(given | options))  # type: ignore[arg-type]


@pytest.fixture
def quantized(tmp_path: Path) -> Path:
    plain = export_onnx(TINY, random_tensors(TINY), tmp_path / "float.onnx")
    images = np.random.default_rng(0).standard_normal((2, *TINY.input), dtype=np.float32)
    quantize_onnx(plain, images, tmp_path / "int8.onnx", SCHEMES[0])
    return tmp_path / "int8.onnx"


def test_all_are_those_installed_and_the_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_file, "package_version", lambda package: None)
    pairs, notes = combinations(["all"], ["fp32"])
    runtimes = [runtime for runtime, _ in pairs]
    assert {"onnxruntime", "torch_eager", "torch_channels_last", "torch_compiled"} <= set(runtimes)
    assert "openvino" not in runtimes
    hint = 'pip install "edgewise[openvino]"'
    assert f"openvino is not installed and left out; install it with: {hint}" in notes


def test_all_precisions_are_those_of_each_runtime() -> None:
    pairs, notes = combinations(["onnxruntime", "torch_eager"], ["all"])
    assert pairs == [("onnxruntime", one) for one in find_runtime("onnxruntime").precisions] + [("torch_eager", "fp32")]
    assert notes == []


def test_what_was_named_and_does_not_go_together_is_said() -> None:
    pairs, notes = combinations(["onnxruntime", "torch_eager"], ["fp32", "int8"])
    assert pairs == [("onnxruntime", "fp32"), ("onnxruntime", "int8"), ("torch_eager", "fp32")]
    assert notes == ["torch_eager does not compute in int8: left out"]
    with pytest.raises(EdgewiseError, match="computes in 'int8': torch_eager computes in fp32; choose"):
        combinations(["torch_eager"], ["int8"])


def test_an_artifact_is_measured_where_it_fits(made: Made, quantized: Path) -> None:
    found = planned(
        made.artifact, quantized, "mobilenet_v2", runtime=["onnxruntime", "torch_eager"], precision=["fp32", "int8"]
    )
    everywhere = [("onnxruntime", "fp32"), ("onnxruntime", "int8"), ("torch_eager", "fp32")]
    assert found.fits == {
        str(made.artifact): [("onnxruntime", "fp32")],
        str(quantized): [("onnxruntime", "int8")],
        "mobilenet_v2": everywhere,
    }
    assert found.quantises == [found.subjects["mobilenet_v2"]]
    notes = "\n".join(found.notes)
    assert f"{made.artifact} is an artifact for onnxruntime or openvino: not measured in torch_eager" in notes
    assert f"{made.artifact} is in floating point: not measured in int8" in notes
    assert f"{quantized} is quantised: not measured in fp32" in notes


def test_an_artifact_that_fits_nowhere_is_refused(made: Made, quantized: Path) -> None:
    with pytest.raises(EdgewiseError, match=r"model\.onnx is an artifact for onnxruntime or openvino: not"):
        planned(made.artifact, runtime="torch_eager")
    with pytest.raises(EdgewiseError, match=r"int8\.onnx is quantised: not measured in fp32; leave --precision out"):
        planned(quantized)


def test_without_precisions_everything_is_measured_in_its_own(made: Made, quantized: Path) -> None:
    runtimes = ["onnxruntime", "torch_eager"]
    found = planned(made.artifact, quantized, made.model_file, "mobilenet_v2", runtime=runtimes, precision=None)
    assert found.fits == {
        str(made.artifact): [("onnxruntime", "fp32")],
        str(quantized): [("onnxruntime", "int8")],
        str(made.model_file): [("onnxruntime", "fp32"), ("torch_eager", "fp32")],
        "mobilenet_v2": [("onnxruntime", "fp32"), ("torch_eager", "fp32")],
    }
    assert found.asked == [("onnxruntime", "fp32"), ("onnxruntime", "int8"), ("torch_eager", "fp32")]
    assert found.quantises == []
    assert not any("not measured in fp32" in note or "not measured in int8" in note for note in found.notes)
    assert planned(quantized, precision=None).asked == [("onnxruntime", "int8")]
    assert planned("mobilenet_v2", precision=None).asked == [("onnxruntime", "fp32")]
    assert planned(quantized, precision=None, reference="mobilenet_v2").asked[0] == ("onnxruntime", "fp32")


def test_what_is_named_twice_is_measured_once_with_a_note(made: Made, tmp_path: Path) -> None:
    found = planned(made.artifact, "mobilenet_v2", made.artifact, size=24)
    assert list(found.fits) == [str(made.artifact), "mobilenet_v2"]
    assert found.notes == [f"{made.artifact} is named more than once, and measured once"]
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, classes in zip(paths, (3, 4), strict=True):
        path.write_text(TINY.with_classes(classes).to_json())
    with pytest.raises(EdgewiseError, match="two different networks are called tiny"):
        planned(*paths)


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "foo.txt").write_text("hello")
    (tmp_path / "mobilenet_v2").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        EdgewiseError, match=r"foo\.txt is no model file \(\.safetensors\), artifact \(\.onnx, \.pte\) or"
    ):
        planned("foo.txt")
    with pytest.raises(EdgewiseError, match=r"no model is called 'bar\.txt'"):
        planned("bar.txt")
    assert list(planned("mobilenet_v2").fits) == ["mobilenet_v2"]  # the model, not the folder of that name


def test_other_images_are_another_task(made: Made) -> None:
    found = planned(made.artifact, "mobilenet_v2", size=32)
    (note,) = found.notes
    assert "different tasks" in note
    assert f"{made.artifact} 3×24×24, mobilenet_v2 3×32×32" in note
    assert planned("mobilenet_v2", "mobilenet_v1").notes == []
