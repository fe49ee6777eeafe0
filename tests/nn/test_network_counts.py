"""Counts from shapes against torch's counter at small sizes, and against torchvision's networks and documentation."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from edgewise.costs import count
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.weights.foreign.torchvision import COUNTERPARTS

TORCHVISION = {name: theirs for name, theirs in COUNTERPARTS.items() if not name.endswith("_auxiliary")}

TIMM = {
    "xception": "legacy_xception",
    "resnext101_32x4d": "resnext101_32x4d",
    "mobilenet_v1": "mobilenetv1_100",
    "se_resnet50": "legacy_seresnet50",
    "se_resnet101": "legacy_seresnet101",
    "se_resnet152": "legacy_seresnet152",
    "se_resnext50_32x4d": "legacy_seresnext50_32x4d",
    "se_resnext101_32x4d": "legacy_seresnext101_32x4d",
    "senet154": "legacy_senet154",
    "mobilenet_v2_1.4": "mobilenetv2_140",
    "mobilenet_v2_0.75": "mobilenetv2_075",
    "mobilenet_v2_0.5": "mobilenetv2_050",
    "mobilenet_v2_0.35": "mobilenetv2_035",
    "mnasnet_a1_1.4": "semnasnet_140",
    "mnasnet_a1": "semnasnet_100",
    "mnasnet_a1_0.75": "semnasnet_075",
    "mnasnet_a1_0.5": "semnasnet_050",
    "mnasnet_small": "mnasnet_small",
    "mobilenet_v3_large_0.75": "mobilenetv3_large_075",
    "mobilenet_v3_small_0.75": "mobilenetv3_small_075",
    "mobilenet_v3_large_minimalistic": "tf_mobilenetv3_large_minimal_100",
    "mobilenet_v3_small_minimalistic": "tf_mobilenetv3_small_minimal_100",
}

# torchvision counts what these have on top to help to train them.
AUXILIARY = {"inception_v3": 27_161_264}


def torchs_counts(network: torch.nn.Module, shape: tuple[int, ...], device: str) -> tuple[int, int]:
    """Parameters, and multiply-adds by torch's counter, which counts two operations each."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network.eval()(torch.zeros(1, *shape, device=device))
    return sum(parameter.numel() for parameter in network.parameters()), counter.get_total_flops() // 2


FEW = ("resnet18", "mobilenet_v1_0.5", "mobilenet_v2", "shufflenet_v2", "mobilenet_v3_small", "squeezenet1_1")


@pytest.mark.parametrize("name", FEW)
def test_shapes_and_torch_count_the_same_with_lowered_strides(name: str) -> None:
    """At the papers' sizes this is in the contract of all variants."""
    architecture = find(name).with_input(32)
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
    assert AUXILIARY.get(name, costs.parameters) == meta["num_params"]
    assert round(costs.multiply_adds / 1e9, 3) == meta["_ops"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_counts_are_those_of_torchvisions_module(name: str) -> None:
    settings = {"aux_logits": False, "init_weights": False} if name in ("googlenet_bn", "inception_v3") else {}
    with torch.device("meta"):
        reference = torchvision.models.get_model(TORCHVISION[name], **settings)
    architecture = find(name)
    costs = count(architecture)
    assert torchs_counts(reference, architecture.input, "meta") == (costs.parameters, costs.multiply_adds)


@pytest.mark.parametrize("name", TIMM)
def test_counts_are_those_of_timms_module(name: str) -> None:
    reference = timm.create_model(TIMM[name], pretrained=False).to("meta")
    architecture = find(name)
    costs = count(architecture)
    assert torchs_counts(reference, architecture.input, "meta") == (costs.parameters, costs.multiply_adds)


@pytest.mark.parametrize(("name", "parameters"), [("googlenet_bn", 13_004_888), ("inception_v3", 27_161_264)])
def test_auxiliary_classifiers_have_torchvisions_parameters(name: str, parameters: int) -> None:
    with torch.device("meta"):
        reference = torchvision.models.get_model(name.removesuffix("_bn"), aux_logits=True, init_weights=False)
        network = Network(find(f"{name}_auxiliary"))
    for module in (reference, network):
        assert sum(parameter.numel() for parameter in module.parameters()) == parameters
    assert count(find(f"{name}_auxiliary")).total == count(find(name)).total


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
