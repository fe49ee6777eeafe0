"""int8 artifacts: what is in the file, that it computes nearly the same, and what is said when it cannot be made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_onnx, random_tensors, read_artifact
from edgewise.deploy.quantize import SCHEMES, Scheme, quantize_onnx
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


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_every_scheme(scheme: Scheme, artifact: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "int8.onnx"
    quantize_onnx(artifact, IMAGES, out, scheme)
    assert capfd.readouterr().out == ""
    graph = onnx.load(out).graph
    zero_points = {
        initializer.name: initializer.data_type
        for initializer in graph.initializer
        if initializer.name.endswith("zero_point")
    }
    wanted = onnx.TensorProto.UINT8 if scheme.activations == "uint8" else onnx.TensorProto.INT8
    assert zero_points["image_zero_point"] == wanted
    weights = [one for one in graph.initializer if one.name.endswith("weight_scale")]
    assert max(one.dims[0] if one.dims else 1 for one in weights) > 100  # a scale for every output channel
    assert out.stat().st_size < 0.5 * artifact.stat().st_size
    assert read_artifact(out) == read_artifact(artifact)
    plain, integer = run(artifact, IMAGES), run(out, IMAGES)
    assert not np.array_equal(plain, integer)
    assert float(np.corrcoef(plain.ravel(), integer.ravel())[0, 1]) > 0.9


def test_nodes_that_stay_in_floating_point(artifact: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    names = [node.name for node in onnx.load(artifact).graph.node if node.op_type == "Conv"]
    quantize_onnx(artifact, IMAGES, out, SCHEMES[0], keep_float=names[:3])
    weights = {one.name for one in onnx.load(out).graph.initializer if one.data_type == onnx.TensorProto.FLOAT}
    kept = {node.input[1] for node in onnx.load(artifact).graph.node if node.name in names[:3]}
    assert kept <= weights


def test_what_cannot_be_quantised(artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(EdgewiseError, match="without images to calibrate it on"):
        quantize_onnx(artifact, IMAGES[:0], tmp_path / "out.onnx", SCHEMES[0])
    with pytest.raises(EdgewiseError, match=r"cannot quantise .*model.onnx \(u8s8 extremes\)"):
        quantize_onnx(artifact, IMAGES[:, :, :16], tmp_path / "out.onnx", SCHEMES[0])
    assert not (tmp_path / "out.onnx").exists()
