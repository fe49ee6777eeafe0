"""What `forward_features` gives by default, and what a network announces of it."""

from __future__ import annotations

import pytest
import torch

from edgewise.nn import Network
from edgewise.papers import find

ANNOUNCED = {
    "mobilenet_v3_large": [("1", 16, 2), ("3", 24, 4), ("6", 40, 8), ("12", 112, 16), ("16", 960, 32)],
    "inception_v3": [("2", 64, 2), ("5", 192, 4), ("9", 288, 8), ("14", 768, 16), ("17", 2048, 32)],
    "alexnet": [("1", 96, 4), ("4", 256, 8), ("8", 256, 16), ("9", 256, 32)],
    "vgg11": [("0", 64, 1), ("2", 128, 2), ("5", 256, 4), ("8", 512, 8), ("11", 512, 16), ("12", 512, 32)],
    "shufflenet_v1_g3": [("0", 24, 2), ("1", 24, 4), ("5", 240, 8), ("13", 480, 16), ("17", 960, 32)],
}


@pytest.mark.parametrize("name", ANNOUNCED)
def test_names_channels_and_strides(name: str) -> None:
    architecture = find(name)
    with torch.device("meta"):
        network = Network(architecture).eval()
        found = network.forward_features(torch.zeros(1, *architecture.input))
    assert [(one.name, one.channels, one.stride) for one in network.feature_maps] == ANNOUNCED[name]
    assert list(found) == [one.name for one in network.feature_maps]
    for one in network.feature_maps:
        assert found[one.name].shape[1] == one.channels
        # Maps without padding lose up to four cells besides.
        assert found[one.name].shape[2] == pytest.approx(architecture.input[1] / one.stride, abs=4)


def test_a_lowered_stride_is_announced() -> None:
    with torch.device("meta"):
        network = Network(find("mobilenet_v2").with_input(64))
    assert [one.stride for one in network.feature_maps] == [1, 2, 4, 8, 16]
