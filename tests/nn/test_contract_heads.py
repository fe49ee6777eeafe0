"""What holds for every detector and segmentation network: it builds, survives JSON, counts as torch does, learns, and
its ONNX file and `torch.export` give the same values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from edgewise.blocks import SSD
from edgewise.costs import count
from edgewise.deploy import export_onnx, tensors_of
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find, names
from random_weights import images, random_network
from through_heads import assert_same_outputs

EVERY = [*names("detect"), *names("segment")]

QUICK = (
    "ssdlite_mobilenet_v1",
    "ssdlite_mobilenet_v2",
    "ssdlite_mobilenet_v3_small",
    "lr_aspp_mobilenet_v3_small_rf2",
    "lr_aspp_mobilenet_v3_large_torchvision",
    "r_aspp_mobilenet_v2_rf2",
    "deeplab_v3_mobilenet_v2",
)
"""One of each structure; the others run with the slow tests."""

SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EVERY]


def small(name: str) -> Architecture:
    """With three classes, on images of 64 × 96 pixels; SSD300's last maps want 300."""
    size = () if name == "ssd300_vgg16" else (64, 96)
    architecture = find(name).with_classes(3)
    return architecture.with_input(*size, smallest_map=1) if size else architecture


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
def test_exported_files_give_the_same(name: str, tmp_path: Path) -> None:
    network = random_network(small(name))
    x = images(network.architecture.input)[:1]
    path = export_onnx(network.architecture, tensors_of(network), tmp_path / "model.onnx")
    assert_same_outputs(network, path, x)
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
