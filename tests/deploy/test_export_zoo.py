"""Every network of the zoo, exported: it agrees with torch, and it is the graph that runtimes run fast."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from through_onnx import assert_exports

from edgewise.deploy import export_onnx, random_tensors
from edgewise.papers import find, names

SLOW = ("resnet101", "resnet152")
SIZE = 32


def variants() -> list[object]:
    return [pytest.param(name, marks=pytest.mark.slow) if name.startswith(SLOW) else name for name in names()]


@pytest.mark.parametrize("name", variants())
def test_variant(name: str, tmp_path: Path) -> None:
    assert_exports(find(name).with_input(SIZE).with_classes(10), tmp_path / "model.onnx")


@pytest.mark.parametrize("name", ["mobilenet_v2_0.35", "mobilenet_v3_small", "shufflenet_v2_0.5"])
def test_at_the_papers_strides(name: str, tmp_path: Path) -> None:
    """An image that is not square, and no strides lowered."""
    assert_exports(find(name).with_input(64, 96, smallest_map=1), tmp_path / "model.onnx")


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
