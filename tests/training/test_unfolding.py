"""Weights with batch norm folded in, made fit to be trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.nn import Network
from edgewise.papers import find
from edgewise.training.unfolding import folded_norms, unfold


def folded() -> Network:
    """A trained-like network whose norms went into its kernels: they only add a bias."""
    network = Network(find("mobilenet_v2_0.35").with_classes(4).with_input(32), seed=0)
    random = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data *= 3  # so that values grow through the depth, as nothing divides by their size
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_var.fill_(1 - layer.eps)  # pyright: ignore[reportOptionalMemberAccess]
            layer.bias.data = 0.1 * torch.randn(layer.num_features, generator=random)
    return network.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(64, 3, 32, 32)).astype(np.float32))


def gap(network: Network, images: torch.Tensor, expected: torch.Tensor) -> float:
    """How far what the network gives in training is from `expected`, of its size; dropout aside."""
    network.train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.eval()
    with torch.no_grad():
        given = network(images)
    network.eval()
    return float((given - expected).norm() / expected.norm())


def test_the_network_stays_what_it_was_and_can_be_trained(images: torch.Tensor) -> None:
    network = folded()
    with torch.no_grad():
        expected = network(images)
    norms = folded_norms(network, network.state_dict())
    assert len(norms) == sum(isinstance(one, torch.nn.BatchNorm2d) for one in network.modules())
    state = {name: value.clone() for name, value in network.state_dict().items()}
    before = gap(network, images, expected)
    network.load_state_dict(state)  # a step in training moves the statistics
    unfold(network, norms, [(images[:32], torch.zeros(32)), (images[32:], torch.zeros(32))])
    with torch.no_grad():
        assert torch.allclose(network(images), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    after = gap(network, images, expected)
    assert after < 0.01 < 0.5 < before
    assert not folded_norms(network, network.state_dict())


def test_norms_that_were_not_given_are_left_alone() -> None:
    """Fresh ones look like folded ones, and are to divide from the first step on."""
    network = folded()
    assert folded_norms(network, {}) == ()
    given = {name: value for name, value in network.state_dict().items() if name.startswith("3.")}
    assert {name.partition(".")[0] for name in folded_norms(network, given)} == {"3"}
    other = {name: torch.cat([value, value]) for name, value in given.items() if value.ndim}
    assert folded_norms(network, other) == ()
