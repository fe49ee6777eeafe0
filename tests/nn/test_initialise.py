"""Starting weights: repeatable by seed, and with each family's own statistics."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from edgewise.nn import Network
from edgewise.papers import find


def weights(network: nn.Module, kind: type[nn.Module]) -> list[tuple[str, nn.Module]]:
    return [(name, module) for name, module in network.named_modules() if isinstance(module, kind)]


def test_a_seed_makes_weights_repeatable_whatever_ran_before() -> None:
    architecture = find("mobilenet_v3_small_0.35")
    torch.manual_seed(1)
    first = Network(architecture, seed=5).state_dict()
    torch.rand(7)
    second = Network(architecture, seed=5).state_dict()
    third = Network(architecture, seed=6).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["0.conv.conv.weight"], third["0.conv.conv.weight"])
    assert not torch.equal(first["13.classes.weight"], third["13.classes.weight"])


def test_without_a_seed_weights_follow_torchs_own() -> None:
    architecture = find("shufflenet_v2_0.5")
    torch.manual_seed(1)
    first = Network(architecture).state_dict()
    torch.manual_seed(1)
    second = Network(architecture).state_dict()
    third = Network(architecture).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["0.conv.conv.weight"], third["0.conv.conv.weight"])


def deviation(family: str, module: nn.Conv2d) -> float:
    """What the family's paper or release says the standard deviation is."""
    if family == "resnet":  # He et al. 2015: 2 over the connections that leave
        return (2 / (module.out_channels * module.kernel_size[0] * module.kernel_size[1])) ** 0.5
    if family == "shufflenet_v2":  # Megvii's release
        return 0.01 if module.in_channels == 3 else 1 / module.weight.shape[1]
    return 0.09 * 0.8796  # a normal of deviation 0.09 cut at two deviations keeps 0.88 of it


FAMILIES = ("resnet18", "mobilenet_v1", "mobilenet_v2", "shufflenet_v2", "mobilenet_v3_small")


@torch.no_grad()
@pytest.mark.parametrize("name", FAMILIES)
def test_statistics_of_the_family(name: str) -> None:
    architecture = find(name)
    network = Network(architecture, seed=0)
    checked = 0
    for place, module in weights(network, nn.Conv2d):
        assert isinstance(module, nn.Conv2d)
        if module.bias is not None:
            assert float(module.bias.abs().max()) == 0, place
        count = module.weight.numel()
        if count < 400:
            continue
        expected = deviation(architecture.family, module)
        # Six standard errors of a deviation, and of a mean.
        assert float(module.weight.detach().std()) == pytest.approx(expected, rel=6 / (2 * count) ** 0.5), place
        assert abs(float(module.weight.mean())) < 6 * expected / count**0.5, place
        checked += 1
    assert checked > 15
    for place, module in weights(network, nn.BatchNorm2d):
        assert isinstance(module, nn.BatchNorm2d)
        assert module.running_mean is not None
        assert module.running_var is not None
        assert torch.equal(module.weight, torch.ones_like(module.weight)), place
        assert torch.equal(module.bias, torch.zeros_like(module.bias)), place
        assert float(module.running_mean.abs().max()) == 0, place
        assert torch.equal(module.running_var, torch.ones_like(module.running_var)), place
        assert module.eps == architecture.norm.eps
    for place, module in weights(network, nn.Linear):
        assert isinstance(module, nn.Linear)
        assert float(module.weight.detach().std()) == pytest.approx(0.01, rel=0.02), place
        assert float(module.bias.abs().max()) == 0, place


@pytest.mark.parametrize("name", FAMILIES)
def test_a_fresh_network_is_undecided(name: str) -> None:
    """In training mode the first class scores are small, so that the first loss is about ln(classes)."""
    network = Network(find(name).with_input(32).with_classes(10), seed=0).train()
    with torch.no_grad():
        logits = network(torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
        loss = nn.functional.cross_entropy(logits, torch.arange(16) % 10)
    assert float(loss) == pytest.approx(2.3026, abs=0.4)


@torch.no_grad()
def test_truncation_at_two_deviations() -> None:
    network = Network(find("mobilenet_v2"), seed=0)
    largest = max(float(module.weight.abs().max()) for _, module in weights(network, nn.Conv2d))  # type: ignore[union-attr]
    assert 0.17 < largest <= 0.18


def test_without_batch_norm_values_keep_their_size() -> None:
    """Through the sixteen layers of VGG the deviation of what goes forward stays within a factor of two of one."""
    network = Network(find("vgg16").with_input(64), seed=0).eval()
    with torch.no_grad():
        values = network.forward_features(torch.randn(2, 3, 64, 64), ["0", "8", "16", "18"])
    for value in values.values():
        assert 0.5 < float(value.square().mean().sqrt()) < 2


def test_depthwise_kernels_do_not_vanish() -> None:
    """Xception's and ResNeXt's grouped convolutions start by the connections within their groups."""
    for name, place, leaving in (
        ("xception", "5.separable0.depthwise", 9),
        ("resnext50_32x4d", "2.spatial.conv", 4 * 9),
    ):
        module = Network(find(name).with_input(96), seed=0).get_submodule(place)
        assert isinstance(module, nn.Conv2d)
        assert float(module.weight.detach().std()) == pytest.approx((2 / leaving) ** 0.5, rel=0.1)
