"""Blocks as torch modules of their own."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable

import pytest
import torch

from edgewise import nn
from edgewise.blocks import Step
from edgewise.errors import EdgewiseError

BRANCHES = ((Step(out_channels=8),), (Step(out_channels=4), Step(out_channels=8, kernel=(1, 7))))

MAKE: dict[str, tuple[Callable[[], torch.nn.Module], int]] = {
    "ConvBNAct": (lambda: nn.ConvBNAct(16, out_channels=24, groups=4, dilation=2), 24),
    "ConvAct": (lambda: nn.ConvAct(16, out_channels=24, activation="elu"), 24),
    "DepthwiseSeparable": (lambda: nn.DepthwiseSeparable(16, out_channels=24, groups=2, dilation=2), 24),
    "without an intermediate activation": (
        lambda: nn.DepthwiseSeparable(16, out_channels=24, intermediate=False, activation="hard_swish"),
        24,
    ),
    "InvertedResidual": (lambda: nn.InvertedResidual(16, out_channels=16, expanded=64, kernel=5, squeeze=8), 16),
    "grouped": (lambda: nn.InvertedResidual(16, out_channels=24, expanded=64, groups=8, activation="swish"), 24),
    "SqueezeExcite": (lambda: nn.SqueezeExcite(16, squeeze=4), 16),
    "ShuffleUnitV1": (
        lambda: nn.ShuffleUnitV1(16, out_channels=16, inner=8, groups=4, first_groups=4, last_groups=4),
        16,
    ),
    "ShuffleUnitV2": (lambda: nn.ShuffleUnitV2(16, out_channels=16, passed=8, inner=8, residual=True), 16),
    "ShuffleDownUnitV2": (lambda: nn.ShuffleDownUnitV2(16, out_channels=32, projected=16, inner=8, stride=1), 32),
    "BasicBlock": (lambda: nn.BasicBlock(16, inner=8, out_channels=24, dilation=2, groups=2), 24),
    "Bottleneck": (lambda: nn.Bottleneck(16, inner=8, out_channels=32, groups=4, squeeze=2), 32),
    "Fire": (lambda: nn.Fire(16, squeezed=4, pointwise=8, spatial=12), 20),
    "Inception": (lambda: nn.Inception(16, branches=BRANCHES), 16),
    "SpatiallySeparable": (lambda: nn.SpatiallySeparable(16, out_channels=24, inner=20, kernel=7), 24),
    "XceptionModule": (lambda: nn.XceptionModule(16, widths=(16, 24), between="elu"), 24),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(4), 16),
    "HardSwish": (lambda: nn.HardSwish(), 16),
}


@pytest.mark.parametrize("size", [(8, 8), (9, 13)])
@pytest.mark.parametrize("name", MAKE)
def test_it_runs_on_any_size_and_learns(name: str, size: tuple[int, int]) -> None:
    make, width = MAKE[name]
    block = make()
    x = torch.randn(2, 16, *size, requires_grad=True)
    y = block(x)
    assert y.shape == (2, width, *size)
    y.square().sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in block.parameters())


@pytest.mark.parametrize("name", MAKE)
def test_it_is_a_module_like_any_other(name: str) -> None:
    block = MAKE[name][0]().eval()
    x = torch.randn(1, 16, 8, 8)
    again = pickle.loads(pickle.dumps(block))  # noqa: S301  (our own bytes: what multiprocessing does)
    with torch.no_grad():
        torch.testing.assert_close(copy.deepcopy(block)(x), block(x))
        torch.testing.assert_close(again(x), block(x))


def test_a_network_of_ones_own() -> None:
    network = torch.nn.Sequential(
        nn.ConvBNAct(3, out_channels=16, stride=2),
        nn.InvertedResidual(16, out_channels=24, expanded=64, stride=2, activation="hard_swish"),
        nn.ChannelShuffle(4),
        torch.nn.AdaptiveAvgPool2d(1),
    )
    assert network(torch.randn(1, 3, 33, 47)).shape == (1, 24, 1, 1)
    assert "1.depthwise.conv.weight" in network.state_dict()


def test_the_signature_is_the_rows() -> None:
    parameters = inspect.signature(nn.InvertedResidual).parameters
    assert list(parameters)[:3] == ["in_channels", "out_channels", "expanded"]
    assert parameters["activation"].default == "relu6"
    assert repr(nn.SqueezeExcite(8, squeeze=2)).startswith("SqueezeExcite(")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nn.ConvBNAct(16, out_channels=24, groups=5), "5 groups do not divide 16 input and 24 output channels"),
        (lambda: nn.DepthwiseSeparable(30, out_channels=64, groups=4), "4 groups do not divide 30 input"),
        (
            lambda: nn.ShuffleUnitV2(16, out_channels=15, passed=8, inner=8),
            "15 channels cannot be shuffled in 2 groups",
        ),
        (
            lambda: nn.ShuffleUnitV1(24, out_channels=24, inner=10, groups=3, first_groups=1, last_groups=1),
            "10 channels cannot be shuffled in 3 groups",
        ),
        (lambda: nn.ConvBNAct(16, out_channels=8, padding="SAME"), "a padding is same, valid, tf_same or four numbers"),  # type: ignore[arg-type]
        (lambda: nn.ConvBNAct(16, out_channels=8, padding=1), "not 1"),  # type: ignore[arg-type]
        (
            lambda: nn.BasicBlock(16, inner=8, out_channels=16, activation="gelu"),  # type: ignore[arg-type]
            "no activation 'gelu'; there are relu",
        ),
        (lambda: nn.Bottleneck(16, inner=8, out_channels=16, stride_in="both"), "not in 'both'"),  # type: ignore[arg-type]
        (lambda: nn.Inception(16, branches=()), "at least one branch"),
        (lambda: nn.XceptionModule(16, widths=()), "at least one separable convolution"),
        (lambda: nn.ConvBNAct((16, 14), out_channels=8), "three sides"),  # type: ignore[arg-type]
        (lambda: nn.ChannelShuffle(0)(torch.zeros(1, 8, 2, 2)), "in 0 groups"),
        (lambda: nn.ChannelShuffle(3)(torch.zeros(1, 8, 2, 2)), "8 channels cannot be shuffled in 3 groups"),
    ],
)
def test_widths_that_do_not_fit_are_a_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        make()


def test_padding_by_size_needs_the_size() -> None:
    with pytest.raises(EdgewiseError, match=r"pads or resizes by the size of its map; give the shape .*, not 8"):
        nn.DepthwiseSeparable(8, out_channels=8, stride=2, padding="tf_same")
    block = nn.DepthwiseSeparable((8, 10, 10), out_channels=8, stride=2, padding="tf_same")
    assert block(torch.zeros(1, 8, 10, 10)).shape == (1, 8, 5, 5)
    with pytest.raises(EdgewiseError, match="made for maps of 10×10 and pads by their size, not for 9×9"):
        block(torch.zeros(1, 8, 9, 9))
    # At stride 1 SAME is symmetric whatever the size.
    assert nn.DepthwiseSeparable(8, out_channels=8, padding="tf_same")(torch.zeros(1, 8, 7, 5)).shape == (1, 8, 7, 5)
