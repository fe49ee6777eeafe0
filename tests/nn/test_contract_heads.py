"""What holds for every detector and segmentation network: it builds, survives JSON, counts as torch does, learns,, and
`torch.export` gives the same values."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from edgewise.blocks import SSD
from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from heads import EVERY, SOME, small
from random_weights import images, random_network


@pytest.mark.parametrize("name", EVERY)
def test_json_and_back(name: str) -> None:
    original = find(name)
    again = Architecture.from_json(original.to_json())
    assert again == original
    assert again.graph.nodes == original.graph.nodes


@pytest.mark.parametrize("name", EVERY)
def test_counts_are_torchs(name: str) -> None:
    architecture = find(name)
    with torch.device("meta"):
        network = Network(architecture).eval()
        x = torch.zeros(1, *architecture.input)
    counter = FlopCounterMode(display=False)  # it counts two operations per multiply-add
    with counter, torch.no_grad():
        outputs = network.forward_outputs(x)
    costs = count(architecture)
    assert counter.get_total_flops() == 2 * costs.multiply_adds
    assert sum(parameter.numel() for parameter in network.parameters()) == costs.parameters
    graph = architecture.graph
    assert {key: tuple(value.shape[1:]) for key, value in outputs.items()} == {
        key: graph.nodes[index].shape for key, index in graph.outputs.items()
    }


@pytest.mark.parametrize("name", SOME)
def test_every_parameter_learns(name: str) -> None:
    network = Network(small(name), seed=0).train()
    outputs = network.forward_outputs(images(network.architecture.input))
    torch.stack([value.square().mean() for value in outputs.values()]).sum().backward()
    gradients = {key: parameter.grad for key, parameter in network.named_parameters()}
    assert [key for key, one in gradients.items() if one is None or not one.isfinite().all()] == []
    assert sum(bool(one.any()) for one in gradients.values() if one is not None) > 0.95 * len(gradients)


@pytest.mark.parametrize("name", SOME)
def test_torch_export_gives_the_same_values(name: str) -> None:
    network = random_network(small(name))
    x = images(network.architecture.input)[:1]
    with torch.no_grad():
        values = torch.export.export(network, (x,)).module()(x)
        expected = network(x)
    assert float((values - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


def test_anchors_for_another_number_of_maps_are_refused() -> None:
    architecture = find("ssdlite_mobilenet_v3_small")
    head = architecture.rows[-1]
    assert isinstance(head, SSD)
    broken = replace(architecture, rows=(*architecture.rows[:-1], replace(head, anchors=head.anchors[:3])))
    with pytest.raises(EdgewiseError, match="anchors for 3 maps, and 6 maps"):
        _ = broken.graph


def test_other_classes_want_another_network() -> None:
    network = Network(small("lr_aspp_mobilenet_v3_small_rf2"))
    with pytest.raises(EdgewiseError, match="is no classifier; make a new network"):
        network.reset_classifier(5)
