"""What a quantised artifact rounds, and the floating-point twin that rounds the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgewise.deploy import export_onnx, random_tensors
from edgewise.deploy.quantization import SCHEMES, Scheme, groups_of, quantize_onnx
from edgewise.deploy.quantization.groups import nodes_in
from edgewise.deploy.quantization.places import Place, Places, places_of, rounded_at
from edgewise.devices import run
from edgewise.papers import Architecture, find

NETWORK = find("mobilenet_v3_small").scaled(0.35).with_input(32).with_classes(4)


def _noise(exact: np.ndarray, other: np.ndarray) -> float:
    return float(((exact - other) ** 2).sum() / (exact**2).sum())


@pytest.mark.parametrize("scheme", SCHEMES[:2], ids=lambda scheme: scheme.name)
def test_rounded_everywhere_it_computes_what_the_quantised_artifact_does(
    scheme: Scheme, small: Architecture, tmp_path: Path
) -> None:
    """In a network of few layers: in a deep one the first sum that is rounded the other way changes all that follow."""
    plain, integer, twin = (tmp_path / name for name in ("plain.onnx", "int8.onnx", "twin.onnx"))
    images = np.random.default_rng(0).standard_normal((64, *small.input)).astype(np.float32)
    export_onnx(small, random_tensors(small), plain)
    quantize_onnx(plain, images, integer, scheme)
    model = onnx.load(plain)
    everything = frozenset(node.name for node in model.graph.node)
    onnx.save(rounded_at(model, places_of(onnx.load(integer)), everything), twin)
    exact, wanted, found = run(plain, images), run(integer, images, precision="int8"), run(twin, images)
    assert _noise(exact, found) == pytest.approx(_noise(exact, wanted), rel=0.2)
    assert _noise(wanted, found) < 0.3 * _noise(exact, wanted)  # and not by chance as far away
    onnx.save(rounded_at(model, places_of(onnx.load(integer)), frozenset()), twin)
    assert np.array_equal(run(twin, images), exact)


def test_rounding_by_hand(tmp_path: Path) -> None:
    """y = 2x: x to steps of 0.5 from -1, the weight to 1.75, y to steps of 1 up to 3."""
    node = helper.make_node("Mul", ["image", "two"], ["y"], name="double")
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4))],
        [numpy_helper.from_array(np.array([2], np.float32), "two")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    places = Places(
        {"image": Place(0.5, 2, 0, 255), "y": Place(1.0, 0, -128, 3)}, {("double", 1): np.array([1.75], np.float32)}
    )
    path = tmp_path / "rounded.onnx"
    onnx.save(rounded_at(model, places, frozenset({"double"})), path)
    assert run(path, np.array([[-3, 0.6, 1.1, 40]], np.float32)).tolist() == [[-2.0, 1.0, 2.0, 3.0]]
    assert Place(0.5, 2, 0, 255).bounds == (-1.0, 126.5)


def test_groups_are_the_steps_of_rows(tmp_path: Path) -> None:
    plain = export_onnx(NETWORK, random_tensors(NETWORK), tmp_path / "plain.onnx")
    model = onnx.load(plain)
    found = {group.name: group for group in groups_of(model)}
    assert found["4.expand"].nodes == ("4.expand.conv", "4.expand.activation")
    assert (found["4.expand"].kind, found["4.expand"].row) == ("expand", 4)
    assert {"4.squeeze_excite.squeeze", "4.squeeze_excite.gate"} < set(found["4.squeeze_excite"].nodes)
    names = nodes_in(found.values())
    assert len(names) == len(set(names))
    computed = {node.name for node in model.graph.node if node.op_type in ("Conv", "Gemm", "Mul", "Add")}
    assert computed <= set(names)
