"""Folding changes no value: what goes, what stays, and what it is called afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from through_onnx import Applies, Joins, assert_same, made_of, network_of, random_image, torch_outputs

from edgewise.blocks import Row
from edgewise.deploy import folded, random_tensors, tensors_of
from edgewise.graph import Graph, Value
from edgewise.graph import functional as f
from edgewise.graph.ops import (
    Activation,
    Add,
    BatchNorm,
    Concat,
    Convolution,
    Dropout,
    Flatten,
    GlobalPool,
    Linear,
    Op,
)
from edgewise.nn.interpreter import Interpreter
from edgewise.papers import Architecture, find
from edgewise.weights import tensor_shapes

CONV = Convolution(6, (3, 3))
CONV_WITH_BIAS = Convolution(6, (3, 3), bias=True)


@dataclass(frozen=True, slots=True)
class ReadTwice(Row):
    """A convolution that a batch norm reads, and its own sum with it."""

    def apply(self, x: Value) -> Value:
        y = f.conv(x, 4, name="conv")
        return f.norm(y, name="norm") + y


def fold(architecture: Architecture) -> tuple[Graph, dict[str, np.ndarray], list[type]]:
    """The folded graph, its tensors, and the kinds of its ops without the input."""
    graph, tensors = folded(architecture.graph, random_tensors(architecture))
    assert graph.nodes[0] == architecture.graph.nodes[0]
    return graph, tensors, [type(node.op) for node in graph.nodes[1:]]


def assert_same_values(architecture: Architecture) -> None:
    """torch gives the same with the folded graph and its tensors as with the original."""
    graph, tensors, _ = fold(architecture)
    assert {name: array.shape for name, array in tensors.items()} == tensor_shapes(graph)
    network = Interpreter(graph).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()}, strict=False)
    image = random_image(architecture)
    with torch.inference_mode():
        values = network.forward_outputs(torch.from_numpy(image))
    ours = {"logits" if name == "output" else name: value.numpy() for name, value in values.items()}
    assert_same(ours, torch_outputs(network_of(architecture, random_tensors(architecture)), image), 1e-5)


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ((CONV, BatchNorm(), Activation("relu")), [Convolution, Activation]),
        ((CONV_WITH_BIAS, BatchNorm(1e-3)), [Convolution]),
        (
            (Convolution(8, (1, 1), groups=4), BatchNorm(), Convolution(8, (3, 3), groups=8), BatchNorm()),
            [Convolution] * 2,
        ),
        ((BatchNorm(), CONV), [BatchNorm, Convolution]),
        ((CONV, Activation("relu"), BatchNorm()), [Convolution, Activation, BatchNorm]),
        ((CONV, BatchNorm(), BatchNorm()), [Convolution, BatchNorm]),
        ((ReadTwice(),), [Convolution, BatchNorm, Add]),
        ((Applies(CONV, "raw"), BatchNorm()), [Convolution, BatchNorm]),
        ((Applies(CONV), Applies(BatchNorm(), "normal"), Activation("relu")), [Convolution, Activation]),
        ((Dropout(0.5), CONV, BatchNorm(), Dropout(0.5), Dropout(0.1)), [Convolution]),
        ((GlobalPool(), Flatten(), Dropout(0.5), Linear(3)), [GlobalPool, Flatten, Linear]),
        ((Joins(Concat(), (Dropout(0.5), Activation("relu"))), CONV), [Activation, Concat, Convolution]),
    ],
    ids=[
        "after a convolution",
        "after one with bias",
        "after grouped and depthwise ones",
        "before a convolution",
        "behind an activation",
        "two norms",
        "convolution read by two",
        "convolution is an output",
        "norm is an output",
        "dropout",
        "dropout before a linear layer",
        "dropout on one of two paths",
    ],
)
def test_what_is_folded(rows: tuple[Row | Op, ...], kinds: list[type]) -> None:
    architecture = made_of(*rows)
    assert fold(architecture)[2] == kinds
    assert_same_values(architecture)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_0.5", "resnet18", "googlenet_bn_auxiliary"])
def test_whole_networks(name: str) -> None:
    architecture = find(name).with_input(32)
    assert not {BatchNorm, Dropout} & set(fold(architecture)[2])
    assert_same_values(architecture)


def test_the_formula() -> None:
    architecture = made_of(CONV_WITH_BIAS, BatchNorm(0.5))
    tensors = random_tensors(architecture)
    _, after = folded(architecture.graph, tensors)
    scale = tensors["1.op.weight"] / np.sqrt(tensors["1.op.running_var"] + 0.5)
    bias = tensors["1.op.bias"] + (tensors["0.op.bias"] - tensors["1.op.running_mean"]) * scale
    assert set(after) == {"0.op.weight", "0.op.bias"}
    assert after["0.op.weight"].dtype == after["0.op.bias"].dtype == np.float32
    np.testing.assert_allclose(after["0.op.weight"], tensors["0.op.weight"] * scale[:, None, None, None], rtol=1e-6)
    np.testing.assert_allclose(after["0.op.bias"], bias, rtol=1e-5)


def test_names_keep_their_values() -> None:
    architecture = find("mobilenet_v3_small").with_input(32)
    graph, _, _ = fold(architecture)
    assert set(graph.names) == set(architecture.graph.names)
    before, after = architecture.graph, graph
    for name, index in graph.names.items():
        assert after.nodes[index].shape == before.nodes[before.names[name]].shape
    for step in ("0.conv", "3.expand", "3.depthwise", "3"):  # ends of steps and rows
        assert after.nodes[after.names[step]].row == before.nodes[before.names[step]].row
    assert after.names["3.depthwise.conv"] == after.names["3.depthwise.norm"]
    assert after.nodes[after.outputs["output"]].name == before.nodes[before.outputs["output"]].name


def test_what_was_given_stays_as_it_was() -> None:
    """A network that goes on training after an export keeps its weights."""
    architecture = find("mobilenet_v3_small").with_input(32)
    given = random_tensors(architecture)
    before = {name: array.copy() for name, array in given.items()}
    nodes = architecture.graph.nodes
    folded(architecture.graph, given)
    assert architecture.graph.nodes == nodes
    assert set(given) == set(before)
    for name, array in before.items():
        assert np.array_equal(given[name], array)


def test_the_network_keeps_its_weights_when_its_tensors_are_folded() -> None:
    architecture = made_of(CONV, BatchNorm())
    network = network_of(architecture, random_tensors(architecture))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    folded(architecture.graph, tensors_of(network))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_tiny_variance_is_kept_apart_by_eps() -> None:
    """A dead channel has variance zero: the scale is finite, and that of torch."""
    architecture = made_of(CONV, BatchNorm(1e-3))
    tensors = random_tensors(architecture)
    tensors["1.op.running_var"][:3] = 0
    graph, after = folded(architecture.graph, tensors)
    assert np.isfinite(after["0.op.weight"]).all()
    network = Interpreter(graph).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in after.items()})
    image = random_image(architecture)
    with torch.inference_mode():
        ours = network(torch.from_numpy(image)).numpy()
    assert_same({"logits": ours}, torch_outputs(network_of(architecture, tensors), image), 1e-5)
