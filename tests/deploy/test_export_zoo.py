"""Every network of the zoo, exported: it agrees with torch, and it is the graph that runtimes run fast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from through_onnx import assert_network_exports

from edgewise.blocks import AuxiliaryClassifier
from edgewise.deploy import export_onnx, random_tensors, tensors_of
from edgewise.papers import find, names
from random_weights import images, random_network
from variants import one_of_each_family, variant


@pytest.mark.parametrize("name", one_of_each_family())
def test_variant(name: str, tmp_path: Path) -> None:
    """At the paper's strides, on an image that is not square."""
    architecture = variant(name).with_input(64, 96, smallest_map=1).with_classes(10)
    image = images(architecture.input)[:1].numpy()
    assert_network_exports(random_network(architecture), tmp_path / "model.onnx", image)


@pytest.mark.parametrize(
    "name", ["resnet18", "googlenet_bn", "xception", "mobilenet_v2_0.35", "mobilenet_v3_small", "shufflenet_v2_0.5"]
)
def test_with_strides_lowered_for_a_small_image(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(32).with_classes(10)
    assert architecture.lowered
    image = images(architecture.input)[:1].numpy()
    assert_network_exports(random_network(architecture), tmp_path / "model.onnx", image)


@pytest.mark.parametrize("name", [name for name in names() if name.endswith("_auxiliary")])
def test_what_only_helps_to_train_is_not_deployed(name: str, tmp_path: Path) -> None:
    """The file of the network with auxiliary classifiers is that of the network without them."""
    architecture = find(name).with_input(75, 96, smallest_map=1).with_classes(10)
    helpers = [index for index, row in enumerate(architecture.rows) if isinstance(row, AuxiliaryClassifier)]
    assert helpers
    network = random_network(architecture)
    assert len(network.forward_outputs(torch.zeros(1, *architecture.input))) == 1 + len(helpers)
    graph = onnx.load(export_onnx(architecture, tensors_of(network), tmp_path / "model.onnx")).graph
    assert [output.name for output in graph.output] == ["logits"]
    plain = replace(
        architecture, rows=tuple(row for row in architecture.rows if not isinstance(row, AuxiliaryClassifier))
    )
    other = onnx.load(export_onnx(plain, random_tensors(plain), tmp_path / "plain.onnx")).graph
    assert [node.op_type for node in graph.node] == [node.op_type for node in other.node]
    assert [tuple(part.dims) for part in graph.initializer] == [tuple(part.dims) for part in other.initializer]


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "mobilenet_v3_small"])
def test_the_nodes_of_mobilenet_v3(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(32)
    path = export_onnx(architecture, random_tensors(architecture), tmp_path / "model.onnx")
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    swishes = sum(getattr(node.op, "kind", "") == "hard_swish" for node in architecture.graph.nodes)
    assert swishes > 10
    assert kinds.count("HardSwish") == swishes
    assert not {"BatchNormalization", "Dropout", "Sigmoid", "Identity"} & set(kinds)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_1.5", "resnet18"])
def test_all_shapes_are_numbers(name: str, tmp_path: Path) -> None:
    architecture = find(name).with_input(32)
    path = export_onnx(architecture, random_tensors(architecture), tmp_path / "model.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    values = {value.name: value for value in (*graph.input, *graph.value_info, *graph.output)}
    for node in graph.node:
        for output in node.output:
            dims = values[output].type.tensor_type.shape.dim
            assert dims
            assert all(dim.HasField("dim_value") and dim.dim_value >= 1 for dim in dims), output
    constants = {constant.name for constant in graph.initializer}
    assert [value.name for value in graph.input] == ["image"]  # weights are constants, not inputs
    assert not constants & set(values)
