"""A module that somebody puts in the place of another is the one that runs."""

from __future__ import annotations

import copy

import torch
from torch import nn

from edgewise.nn import Network
from edgewise.papers import find


def test_a_replaced_module_runs_and_a_copy_keeps_its_own() -> None:
    network = Network(find("mobilenet_v2").with_classes(3).with_input(32), seed=0).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = network(images)
    twin = copy.deepcopy(network)
    network.get_submodule("18.conv").activation = nn.Identity()
    assert not torch.equal(network(images), before)
    assert torch.equal(twin(images), before)
