"""Counts from shapes against torch's own counter on the running module: two independent ways to the same numbers."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from edgewise.costs import count
from edgewise.nn import Network
from edgewise.papers import Architecture, find, names

TORCHVISION = {
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "shufflenet_v2_0.5_torchvision": "shufflenet_v2_x0_5",
    "shufflenet_v2_torchvision": "shufflenet_v2_x1_0",
    "shufflenet_v2_1.5_torchvision": "shufflenet_v2_x1_5",
    "shufflenet_v2_2_torchvision": "shufflenet_v2_x2_0",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50_v1_5": "resnet50",
    "resnet101_v1_5": "resnet101",
    "resnet152_v1_5": "resnet152",
}


def torchs_counts(network: torch.nn.Module, shape: tuple[int, ...], device: str) -> tuple[int, int]:
    """Parameters, and multiply-adds by torch's counter, which counts two operations each; what only helps to train the
    network is left out."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network.eval()(torch.zeros(1, *shape, device=device))
    helpers = [part for part in network.children() if getattr(part, "label", "").startswith("AuxiliaryClassifier")]
    parameters = {*network.parameters()} - {parameter for part in helpers for parameter in part.parameters()}
    return sum(parameter.numel() for parameter in parameters), counter.get_total_flops() // 2


FEW = ("resnet18", "mobilenet_v1_0.5", "mobilenet_v2", "shufflenet_v2", "mobilenet_v3_small")


@pytest.mark.parametrize(("name", "size"), [*((name, 224) for name in names()), *((name, 32) for name in FEW)])
def test_shapes_and_torch_count_the_same(name: str, size: int) -> None:
    architecture = find(name).with_input(size)
    with torch.device("meta"):
        network = Network(architecture)
    costs = count(architecture)
    assert torchs_counts(network, architecture.input, "meta") == (costs.parameters, costs.multiply_adds)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2"])
def test_shapes_and_torch_count_the_same_on_the_cpu_and_off_square(name: str) -> None:
    architecture = find(name).with_input(75, 50).with_classes(7)
    costs = count(architecture)
    assert torchs_counts(Network(architecture), (3, 75, 50), "cpu") == (costs.parameters, costs.multiply_adds)


@pytest.mark.parametrize("name", TORCHVISION)
def test_counts_are_those_that_torchvision_documents(name: str) -> None:
    meta = torchvision.models.get_model_weights(TORCHVISION[name])["DEFAULT"].value.meta
    costs = count(find(name))
    assert costs.parameters == meta["num_params"]
    assert round(costs.multiply_adds / 1e9, 3) == meta["_ops"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_counts_are_those_of_torchvisions_module(name: str) -> None:
    with torch.device("meta"):
        reference = torchvision.models.get_model(TORCHVISION[name])
    costs = count(find(name))
    assert torchs_counts(reference, (3, 224, 224), "meta") == (costs.parameters, costs.multiply_adds)


@pytest.mark.parametrize("name", FEW)
def test_every_tensor_has_the_graphs_shape(name: str) -> None:
    """On the meta device: every value of the network, not only the last."""
    architecture: Architecture = find(name).with_input(64)
    with torch.device("meta"):
        network = Network(architecture).eval()
    nodes = architecture.graph.nodes
    values = network.run(torch.zeros(1, 3, 64, 64, device="meta"), range(len(nodes)))
    assert {index: tuple(value.shape[1:]) for index, value in values.items()} == {
        index: node.shape for index, node in enumerate(nodes)
    }
