"""What ONNX files show, and files made to take batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgewise.deploy import export_onnx, random_tensors
from edgewise.deploy.batching import rebatched
from edgewise.deploy.inspect import image_shape, is_quantized
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.devices import run
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find

Export = Callable[..., Path]

SHUFFLED = find("shufflenet_v1_g3").scaled(0.5).with_input(64).with_classes(7)


def images_for(architecture: Architecture, count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, *architecture.input), dtype=np.float32)


def test_a_file_is_quantized_or_not(export: Export, small: Architecture, tmp_path: Path) -> None:
    path = export()
    assert not is_quantized(path)
    quantize_onnx(path, images_for(small, 2), tmp_path / "int8.onnx", SCHEMES[0])
    assert is_quantized(tmp_path / "int8.onnx")
    (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(EdgewiseError, match=r"cut\.onnx is no ONNX model"):
        is_quantized(tmp_path / "cut.onnx")


def test_weights_that_are_only_stored_small_are_no_quantisation(tmp_path: Path) -> None:
    helper = onnx.helper
    nodes = [helper.make_node("DequantizeLinear", ["w", "s"], ["f"]), helper.make_node("Add", ["x", "f"], ["y"])]
    value = helper.make_tensor_value_info
    constants = [
        onnx.numpy_helper.from_array(np.ones(1, np.int8), "w"),
        onnx.numpy_helper.from_array(np.ones((), np.float32), "s"),
    ]
    graph = helper.make_graph(nodes, "g", [value("x", 1, [1])], [value("y", 1, [1])], constants)
    onnx.save(helper.make_model(graph), tmp_path / "stored.onnx")
    assert not is_quantized(tmp_path / "stored.onnx")
    assert image_shape(tmp_path / "stored.onnx") is None


def test_the_image_a_file_takes(export: Export) -> None:
    assert image_shape(export()) == (3, 8, 12)
    assert image_shape(export("inside.onnx", inside=True)) == (3, 8, 12)


@pytest.mark.parametrize("quantized", [False, True])
def test_a_batch_gives_what_its_images_give(quantized: bool, tmp_path: Path) -> None:
    path = export_onnx(SHUFFLED, random_tensors(SHUFFLED), tmp_path / "net.onnx")
    images = images_for(SHUFFLED, 8)
    if quantized:
        quantize_onnx(path, images, tmp_path / "int8.onnx", SCHEMES[0])
        path = tmp_path / "int8.onnx"
    batched = rebatched(path, tmp_path / "batched.onnx", 4)
    model = onnx.load(batched)
    assert [extent.dim_value for extent in model.graph.input[0].type.tensor_type.shape.dim] == [4, *SHUFFLED.input]
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(run(batched, images), run(path, images), rtol=1e-3, atol=1e-3)


def test_what_cannot_be_batched_is_a_sentence(export: Export, tmp_path: Path) -> None:
    eight = rebatched(export(), tmp_path / "eight.onnx", 8)
    with pytest.raises(EdgewiseError, match=r"eight\.onnx has not one input of one image"):
        rebatched(eight, tmp_path / "again.onnx", 8)
