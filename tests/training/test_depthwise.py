"""What trains in fp32 although the rest trains in bf16."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.training.depthwise import DepthwiseInFp32, depthwise_in_fp32


def convolved(layer: nn.Conv2d, images: Tensor, autocast: bool = True) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast), DepthwiseInFp32():
        return layer(images)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 8, 9, 9, generator=torch.Generator().manual_seed(0))


def test_strided_depthwise_is_computed_in_fp32(images: Tensor) -> None:
    layer = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
    exact = functional.conv2d(images, layer.weight, layer.bias, 2, 1, 1, 8)
    assert torch.equal(convolved(layer, images), exact)
    rounded = images.bfloat16()
    made = convolved(layer, rounded)
    assert made.dtype == torch.bfloat16
    assert torch.equal(made, functional.conv2d(rounded.float(), layer.weight, layer.bias, 2, 1, 1, 8).bfloat16())


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, stride=(2, 1), groups=8),
        nn.Conv2d(8, 8, 5, padding=2, groups=8),
        nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8),  # in bf16 oneDNN's is wrong
    ],
)
def test_its_gradients_are_those_of_fp32(layer: nn.Conv2d, images: Tensor) -> None:
    wanted = torch.autograd.grad(layer(images.requires_grad_()).sum(), [images, layer.weight])
    made = torch.autograd.grad(convolved(layer, images).sum(), [images, layer.weight])
    for one, other in zip(made, wanted, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 8, 3, stride=2, groups=4), nn.Conv2d(8, 16, 3, stride=2, groups=8)],
)
def test_all_others_stay_in_bf16(layer: nn.Conv2d, images: Tensor) -> None:
    assert convolved(layer, images).dtype == torch.bfloat16


def test_nothing_changes_without_autocast(images: Tensor) -> None:
    layer = nn.Conv2d(8, 8, 3, stride=2, groups=8)
    assert torch.equal(convolved(layer, images, autocast=False), layer(images))


def test_only_bf16_on_cpus_wants_it() -> None:
    assert isinstance(depthwise_in_fp32("cpu", "bf16"), DepthwiseInFp32)
    for device, precision in (("cpu", "32"), ("cuda", "bf16"), ("mps", "32")):
        assert not isinstance(depthwise_in_fp32(device, precision), DepthwiseInFp32)
