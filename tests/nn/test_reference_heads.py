"""Detectors and segmentation networks give the raw outputs of torchvision's with the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from edgewise.nn import Network
from edgewise.papers import find
from edgewise.weights.foreign import torchvision as theirs
from random_weights import images, randomise

TOLERANCE = 1e-4


def carried_over(name: str, reference: nn.Module) -> Network:
    """Our network with the reference's weights, by the names that the converter knows."""
    architecture = find(name)
    rows = theirs.names(architecture)
    assert rows is not None
    tensors = {key: value.numpy() for key, value in reference.state_dict().items()}
    network = Network(architecture)
    made = {key: torch.from_numpy(value) for key, value in theirs.convert(architecture, rows, tensors).items()}
    missing = network.load_state_dict(made, strict=False)
    assert not missing.unexpected_keys
    assert all(key.endswith("num_batches_tracked") for key in missing.missing_keys)
    return network.eval()


def assert_close(ours: Tensor, reference: Tensor) -> None:
    assert ours.shape == reference.shape
    assert float(reference.std()) > 0.1
    assert float((ours - reference).abs().max() / reference.abs().max()) <= TOLERANCE


class Raw(nn.Module):
    """A detector of torchvision's without resizing, decoding and suppression: scores and box distances."""

    detector: Any

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.detector.head(list(self.detector.backbone(x).values()))


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("ssdlite_mobilenet_v3_large_torchvision", "ssdlite320_mobilenet_v3_large"),
        ("ssd300_vgg16", "ssd300_vgg16"),
    ],
)
def test_detectors(name: str, reference: str) -> None:
    detector = torchvision.models.get_model(reference, weights=None, weights_backbone=None)
    randomise(Raw(detector), find(name).input)
    network = carried_over(name, detector)
    x = images(network.architecture.input)
    ours = network.forward_outputs(x)
    raw = Raw(detector)(x)
    assert_close(ours["output"], raw["cls_logits"])
    assert_close(ours["boxes"], raw["bbox_regression"])


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("lr_aspp_mobilenet_v3_large_torchvision", "lraspp_mobilenet_v3_large"),
        ("deeplab_v3_mobilenet_v3_large_torchvision", "deeplabv3_mobilenet_v3_large"),
    ],
)
def test_segmentation(name: str, reference: str) -> None:
    segmenter = torchvision.models.get_model(reference, weights=None, weights_backbone=None).eval()
    randomise(segmenter, find(name).input)
    network = carried_over(name, segmenter)
    x = images(network.architecture.input)
    assert_close(network(x), segmenter(x)["out"])
