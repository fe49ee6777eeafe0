"""Our networks give the values of torchvision's and timm's with the same weights and random statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import timm
import torch
import torchvision

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, InvertedResidual
from edgewise.graph.ops import BatchNorm
from edgewise.nn import Network
from edgewise.papers import Architecture, find

SameWeights = Callable[[torch.nn.Module, torch.nn.Module], None]


def assert_same(network: torch.nn.Module, reference: torch.nn.Module, size: int) -> None:
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, theirs = network(x), reference(x)
    largest = float(theirs.abs().max())
    assert largest > 0.5  # the weights let something through
    assert float((ours - theirs).abs().max()) <= 1e-5 * max(1.0, largest)


@pytest.mark.parametrize(
    ("name", "theirs", "size"),
    [
        ("mobilenet_v2", "mobilenet_v2", 224),
        ("mobilenet_v3_large", "mobilenet_v3_large", 224),
        ("mobilenet_v3_small", "mobilenet_v3_small", 224),
        ("shufflenet_v2_torchvision", "shufflenet_v2_x1_0", 224),
        ("shufflenet_v2_0.5_torchvision", "shufflenet_v2_x0_5", 97),
        ("shufflenet_v2_1.5_torchvision", "shufflenet_v2_x1_5", 64),
        ("shufflenet_v2_2_torchvision", "shufflenet_v2_x2_0", 64),
        ("resnet50_v1_5", "resnet50", 224),
        ("resnet18", "resnet18", 97),
        ("resnet34", "resnet34", 64),
    ],
)
def test_torchvisions(name: str, theirs: str, size: int, same_weights: SameWeights) -> None:
    reference = torchvision.models.get_model(theirs)
    network = Network(find(name).with_input(size, smallest_map=1))
    same_weights(network, reference)
    assert_same(network, reference, size)


def edited(architecture: Architecture, *, relu6: bool = False, eps: float | None = None) -> Architecture:
    """With ReLU6 in place of ReLU, or another epsilon: where a release differs from the paper."""
    rows = architecture.rows
    if relu6:
        rows = tuple(
            replace(row, activation="relu6") if isinstance(row, ConvBNAct | DepthwiseSeparable) else row for row in rows
        )
    return replace(architecture, rows=rows, norm=architecture.norm if eps is None else BatchNorm(eps=eps))


@pytest.mark.parametrize(
    ("architecture", "theirs"),
    [
        # The released MobileNet v1 has ReLU6 where the paper says ReLU; timm's ports keep torch's epsilon.
        (edited(find("mobilenet_v1"), relu6=True, eps=1e-5), "mobilenetv1_100"),
        (edited(find("mobilenet_v3_large"), eps=1e-5), "mobilenetv3_large_100"),
        (edited(find("mobilenet_v3_large_0.75"), eps=1e-5), "mobilenetv3_large_075"),
        (edited(find("mobilenet_v3_small_0.75"), eps=1e-5), "mobilenetv3_small_075"),
        (find("mobilenet_v2"), "mobilenetv2_100"),
        (find("mobilenet_v2_1.4"), "mobilenetv2_140"),
        (find("mobilenet_v2_0.5"), "mobilenetv2_050"),
        (find("resnet50_v1_5"), "resnet50"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_timms(architecture: Architecture, theirs: str, same_weights: SameWeights) -> None:
    reference = timm.create_model(theirs, pretrained=False)
    network = Network(architecture.with_input(96, smallest_map=1))
    same_weights(network, reference)
    assert_same(network, reference, 96)


def test_timms_minimalistic(same_weights: SameWeights) -> None:
    """The released minimalistic networks pad as TensorFlow does."""
    reference = timm.create_model("tf_mobilenetv3_large_minimal_100", pretrained=False)
    base = find("mobilenet_v3_large_minimalistic").with_input(64, smallest_map=1)
    rows = tuple(
        replace(row, padding="tf_same") if isinstance(row, ConvBNAct | InvertedResidual) else row for row in base.rows
    )
    network = Network(replace(base, rows=rows))
    same_weights(network, reference)
    assert_same(network, reference, 64)


def test_a_difference_would_show(same_weights: SameWeights) -> None:
    """The comparison is not blind: another activation, epsilon or stride position gives other values."""
    reference = torchvision.models.get_model("mobilenet_v3_small")
    base = find("mobilenet_v3_small").with_input(64, smallest_map=1)
    last = base.rows[-1]
    assert isinstance(last, Classifier)
    row = base.rows[5]
    assert isinstance(row, InvertedResidual)
    for other in (
        replace(base, norm=BatchNorm(eps=1e-2)),
        replace(base, rows=(*base.rows[:-1], replace(last, activation="relu"))),
        replace(base, rows=(*base.rows[:5], replace(row, gate="sigmoid"), *base.rows[6:])),
    ):
        network = Network(other)
        same_weights(network, reference)
        with pytest.raises(AssertionError):
            assert_same(network, reference, 64)


def test_the_shuffle_is_torchvisions() -> None:
    from torchvision.models.shufflenetv2 import channel_shuffle

    from edgewise.nn.operations import shuffle

    x = torch.randn(2, 12, 3, 3)
    assert torch.equal(shuffle(x, 3), channel_shuffle(x, 3))
