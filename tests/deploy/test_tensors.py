"""Tensors for timing: those of the network, and of a scale at which a processor is as fast as with trained ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from through_onnx import made_of, network_of, random_image

from edgewise.deploy import export_onnx, random_tensors, tensors_of
from edgewise.graph.ops import BatchNorm, Convolution, Flatten, Linear
from edgewise.nn import Network
from edgewise.papers import Architecture, find, names
from edgewise.weights import tensor_shapes
from variants import structures


@pytest.mark.parametrize("name", structures(names()))
def test_the_networks_own_tensors(name: str) -> None:
    """By torch's own account: the modules are made without memory, so that all variants take seconds."""
    architecture = find(name).with_input(64)
    with torch.device("meta"):
        state = Network(architecture).state_dict()
    expected = {name: tuple(value.shape) for name, value in state.items() if "num_batches" not in name}
    assert tensor_shapes(architecture.graph) == expected


@pytest.mark.parametrize(
    "name", ["mobilenet_v1_0.25", "mobilenet_v2_0.35", "mobilenet_v3_small_0.35", "shufflenet_v2_0.5"]
)
def test_random_ones_have_the_same_shapes(name: str) -> None:
    architecture = find(name).with_input(32)
    tensors = random_tensors(architecture)
    assert {name: array.shape for name, array in tensors.items()} == tensor_shapes(architecture.graph)
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}
    assert all((array > 0).all() for name, array in tensors.items() if name.endswith("running_var"))


def test_ops_with_and_without_bias() -> None:
    architecture = made_of(
        Convolution(6, (3, 5), groups=2, bias=True),
        Convolution(3, (1, 1)),
        BatchNorm(),
        Flatten(),
        Linear(5, bias=False),
    )
    tensors = random_tensors(architecture)
    assert {name: array.shape for name, array in tensors.items()} == {
        "0.op.weight": (6, 2, 3, 5),
        "0.op.bias": (6,),
        "1.op.weight": (3, 6, 1, 1),
        "2.op.weight": (3,),
        "2.op.bias": (3,),
        "2.op.running_mean": (3,),
        "2.op.running_var": (3,),
        "4.op.weight": (5, 3 * 7 * 6),
    }
    network_of(architecture, tensors)


def test_a_seed_gives_the_same_again() -> None:
    architecture = find("mobilenet_v3_small").with_input(32)
    first, again, other = (random_tensors(architecture, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


def _activations(architecture: Architecture, path: Path) -> dict[str, np.ndarray]:
    """Every value between the nodes of the exported file."""
    model = onnx.load(export_onnx(architecture, random_tensors(architecture), path))
    inferred = onnx.shape_inference.infer_shapes(model).graph
    model.graph.output.extend(inferred.value_info)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"image": random_image(architecture)})
    return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2", "resnet50", "mobilenet_v1_0.25"]
)
def test_no_number_on_the_way_is_denormal_or_none(name: str, tmp_path: Path) -> None:
    values = _activations(find(name).with_input(64, smallest_map=1).with_classes(10), tmp_path / "model.onnx")
    assert len(values) > 20
    for value_name, value in values.items():
        assert np.isfinite(value).all(), value_name
        tiny = (value != 0) & (np.abs(value) < np.finfo(np.float32).tiny)
        assert not tiny.any(), value_name
        assert value.std() > 1e-3 or value.size < 64, value_name  # it has not died out, either


def test_tensors_of_a_network() -> None:
    architecture = made_of(Convolution(6, (3, 3), bias=True), BatchNorm())
    network = network_of(architecture, random_tensors(architecture))
    arrays = tensors_of(network)
    assert set(arrays) == set(network.state_dict())
    for name, tensor in network.state_dict().items():
        assert np.array_equal(arrays[name], tensor.numpy())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_of_a_network_of_another_precision(dtype: torch.dtype, tmp_path: Path) -> None:
    architecture = replace(made_of(Convolution(6, (3, 3), bias=True), BatchNorm()), name="half")
    network = Network(architecture).to(dtype)
    arrays = tensors_of(network)
    assert arrays["0.op.weight"].dtype == np.float32
    assert arrays["1.op.num_batches_tracked"].dtype == np.int64
    export_onnx(architecture, arrays, tmp_path / "m.onnx")
