"""int8 artifacts: what is in the file, that it computes nearly the same, and what is said when it cannot be made."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_onnx, random_tensors, read_artifact
from edgewise.deploy.quantization import SCHEMES, NncfScheme, OnnxRuntimeScheme, Scheme, quantize_onnx
from edgewise.devices import run
from edgewise.errors import EdgewiseError
from edgewise.papers import find

PREPROCESSING = Preprocessing(32, 32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
IMAGES = np.random.default_rng(0).standard_normal((24, 3, 32, 32)).astype(np.float32)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    architecture = find("mobilenet_v2").scaled(0.35).with_input(32).with_classes(4)
    path = tmp_path_factory.mktemp("float") / "model.onnx"
    card = ArtifactCard(PREPROCESSING, ("a", "b", "c", "d"))
    return export_onnx(architecture, random_tensors(architecture), path, card=card)


def _installed(scheme: Scheme) -> Scheme:
    if not scheme.installed():
        pytest.skip(f"{scheme.quantiser} is not installed: {scheme.install_hint}")
    return scheme


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_scheme(scheme: Scheme, artifact: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "int8.onnx"
    quantize_onnx(artifact, IMAGES, out, _installed(scheme))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    graph = onnx.load(out).graph
    sizes = {one.name: one.dims[0] if one.dims else 1 for one in graph.initializer}
    kinds = {one.name: one.data_type for one in graph.initializer}
    zero = next(node.input[2] for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "image")
    if isinstance(scheme, OnnxRuntimeScheme):
        assert kinds[zero] == (onnx.TensorProto.UINT8 if scheme.activations == "uint8" else onnx.TensorProto.INT8)
    weights = [node for node in graph.node if node.op_type == "DequantizeLinear" and node.input[0] in kinds]
    assert max(sizes[node.input[1]] for node in weights) > 100  # a scale for every output channel
    assert out.stat().st_size < 0.5 * artifact.stat().st_size
    assert read_artifact(out) == read_artifact(artifact)
    assert {one.key for one in onnx.load(out).metadata_props} == {one.key for one in onnx.load(artifact).metadata_props}
    plain, integer = run(artifact, IMAGES), run(out, IMAGES, precision="int8")
    assert not np.array_equal(plain, integer)
    assert float(np.corrcoef(plain.ravel(), integer.ravel())[0, 1]) > 0.9


@pytest.mark.parametrize("scheme", [SCHEMES[0], SCHEMES[4]], ids=lambda scheme: scheme.quantiser)
def test_nodes_that_stay_in_floating_point(scheme: Scheme, artifact: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    names = [node.name for node in onnx.load(artifact).graph.node if node.op_type == "Conv"]
    quantize_onnx(artifact, IMAGES, out, _installed(scheme), keep_float=names[:3])
    weights = {one.name for one in onnx.load(out).graph.initializer if one.data_type == onnx.TensorProto.FLOAT}
    kept = {node.input[1] for node in onnx.load(artifact).graph.node if node.name in names[:3]}
    assert kept <= weights


def test_what_stays_in_floating_point_stays_so_in_the_runtime(tmp_path: Path) -> None:
    """One depthwise filter is so large that one scale for all would erase the others; it filters mere zeros."""
    architecture = find("mobilenet_v1_0.25").with_input(32).with_classes(4)
    tensors = random_tensors(architecture)
    tensors["0.conv.norm.bias"][0] = -100
    tensors["1.depthwise.conv.weight"][0] *= 1000
    plain, out = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    export_onnx(architecture, tensors, plain)
    quantize_onnx(plain, IMAGES, out, SCHEMES[0], keep_float=["1.depthwise.conv", "1.depthwise.activation"])
    exact, found = run(plain, IMAGES), run(out, IMAGES, precision="int8")
    assert float(((exact - found) ** 2).sum() / (exact**2).sum()) < 0.02


def test_what_cannot_be_quantised(artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="without images to calibrate it on"):
        quantize_onnx(artifact, IMAGES[:0], tmp_path / "out.onnx", SCHEMES[0])
    with pytest.raises(EdgewiseError, match=r"cannot quantise .*model.onnx \(u8s8 extremes\)"):
        quantize_onnx(artifact, IMAGES[:, :, :16], tmp_path / "out.onnx", SCHEMES[0])
    assert not (tmp_path / "out.onnx").exists()


def test_a_quantiser_that_is_not_installed(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    monkeypatch.setattr("edgewise.deploy.quantization.with_nncf.find_spec", lambda name: None)
    with pytest.raises(EdgewiseError, match=r'nncf symmetric needs nncf; install it with: pip install "edgewise\[quan'):
        quantize_onnx(artifact, IMAGES, tmp_path / "out.onnx", NncfScheme("symmetric"))


@pytest.mark.skipif(os.name != "posix", reason="a script stands for the interpreter")
def test_nncf_has_nobody_to_report_to(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name that would be seen to be used stands before the real one."""
    _installed(SCHEMES[4])
    trap = tmp_path / "openvino_telemetry"
    trap.mkdir()
    (trap / "__init__.py").write_text(f"open({str(tmp_path / 'reported')!r}, 'w').close()\nclass Telemetry: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    quantize_onnx(artifact, IMAGES[:2], tmp_path / "out.onnx", SCHEMES[4])
    assert (tmp_path / "out.onnx").exists()
    assert not (tmp_path / "reported").exists()
    assert "nncf" not in sys.modules
