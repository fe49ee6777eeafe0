"""Our networks give the values of torchvision's and timm's with the same weights and random statistics."""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.googlenet import InceptionAux
from torchvision.models.inception import InceptionAux as WideAux

from edgewise.blocks import AuxiliaryClassifier, Classifier, InvertedResidual
from edgewise.graph.ops import BatchNorm
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.papers.form import Form
from random_weights import images, random_network, same_weights

TOLERANCE = 1e-5
"""Of the largest output."""


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest, relative to the largest output."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


@torch.no_grad()
def assert_same(network: Network, reference: nn.Module) -> None:
    """The same values; and they depend on the weights everywhere, so that the comparison is not blind."""
    x = images(network.architecture.input)
    theirs = reference(x)
    assert float(theirs.std()) > 0.1  # the weights let something through
    assert difference(network(x), theirs) <= TOLERANCE
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    for place in (0, len(convolutions) // 2, len(convolutions) - 1):
        weight = convolutions[place].weight
        original = weight.clone()
        weight *= 1.5
        assert difference(network(x), theirs) > 10 * TOLERANCE, place
        weight.copy_(original)


TORCHS_EPS = Form(eps=1e-5)
"""timm's ports and torchvision's MnasNets keep torch's epsilon where the authors have TensorFlow's."""

TF_SAME = Form(padding="tf_same")


def at(architecture: Architecture, *size: int) -> Architecture:
    """At another size with the paper's strides."""
    return architecture.with_input(*size, smallest_map=1)


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Architecture) else None


@pytest.mark.parametrize(
    ("architecture", "theirs"),
    [
        # Fully connected layers fix the size of these four.
        (find("alexnet_one_tower"), "alexnet"),
        (find("vgg11"), "vgg11"),
        pytest.param(find("vgg16"), "vgg16", marks=pytest.mark.slow),
        pytest.param(find("vgg16_bn"), "vgg16_bn", marks=pytest.mark.slow),
        (at(find("resnet18"), 97), "resnet18"),
        (at(find("resnet34"), 64, 75), "resnet34"),
        (find("resnet50_v1_5"), "resnet50"),
        (at(find("resnet152_v1_5"), 64), "resnet152"),
        (at(find("resnext50_32x4d"), 97), "resnext50_32x4d"),
        (find("mobilenet_v2"), "mobilenet_v2"),
        (find("mobilenet_v3_large"), "mobilenet_v3_large"),
        (find("mobilenet_v3_small"), "mobilenet_v3_small"),
        (at(find("shufflenet_v2_0.5_torchvision"), 97), "shufflenet_v2_x0_5"),
        (find("shufflenet_v2_torchvision"), "shufflenet_v2_x1_0"),
        (at(find("shufflenet_v2_1.5_torchvision"), 64), "shufflenet_v2_x1_5"),
        (at(find("shufflenet_v2_2_torchvision"), 64, 75), "shufflenet_v2_x2_0"),
        (TORCHS_EPS.of(at(find("mnasnet_b1_0.5"), 97)), "mnasnet0_5"),
        (TORCHS_EPS.of(at(find("mnasnet_b1_0.75"), 64, 75)), "mnasnet0_75"),
        (TORCHS_EPS.of(find("mnasnet_b1")), "mnasnet1_0"),
        (TORCHS_EPS.of(at(find("mnasnet_b1_1.3"), 64)), "mnasnet1_3"),
        (at(find("squeezenet1_0"), 97), "squeezenet1_0"),
        (at(find("squeezenet1_1"), 64, 75), "squeezenet1_1"),
    ],
    ids=name_of,
)
def test_torchvisions(architecture: Architecture, theirs: str) -> None:
    reference = torchvision.models.get_model(theirs)
    network = Network(architecture)
    same_weights(network, reference)
    assert_same(network, reference)


@pytest.mark.parametrize(
    ("architecture", "theirs"),
    [
        # The released MobileNet v1 has ReLU6 where the paper says ReLU.
        (Form(eps=1e-5, relu="relu6").of(find("mobilenet_v1")), "mobilenetv1_100"),
        (TORCHS_EPS.of(find("mobilenet_v3_large")), "mobilenetv3_large_100"),
        (TORCHS_EPS.of(find("mobilenet_v3_large_0.75")), "mobilenetv3_large_075"),
        (TORCHS_EPS.of(find("mobilenet_v3_small_0.75")), "mobilenetv3_small_075"),
        (find("mobilenet_v2"), "mobilenetv2_100"),
        (find("mobilenet_v2_1.4"), "mobilenetv2_140"),
        (find("mobilenet_v2_0.5"), "mobilenetv2_050"),
        (TORCHS_EPS.of(find("mnasnet_a1")), "semnasnet_100"),
        (TORCHS_EPS.of(find("mnasnet_a1_0.75")), "semnasnet_075"),
        (TORCHS_EPS.of(find("mnasnet_small")), "mnasnet_small"),
        (TORCHS_EPS.of(find("xception")), "legacy_xception"),
        (find("se_resnet50"), "legacy_seresnet50"),
        (find("se_resnet101"), "legacy_seresnet101"),
        (find("se_resnext50_32x4d"), "legacy_seresnext50_32x4d"),
        (find("senet154"), "legacy_senet154"),
    ],
    ids=name_of,
)
def test_timms(architecture: Architecture, theirs: str) -> None:
    reference = timm.create_model(theirs, pretrained=False)
    network = Network(at(architecture, 96))
    same_weights(network, reference)
    assert_same(network, reference)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("mobilenet_v3_small", "tf_mobilenetv3_small_100"),
        ("mobilenet_v3_large_minimalistic", "tf_mobilenetv3_large_minimal_100"),
        ("mobilenet_v3_small_minimalistic", "tf_mobilenetv3_small_minimal_100"),
    ],
)
@pytest.mark.parametrize("size", [(64, 64), (75, 98)])
def test_tensorflows_padding_is_timms(name: str, theirs: str, size: tuple[int, int]) -> None:
    reference = timm.create_model(theirs, pretrained=False)
    network = Network(TF_SAME.of(at(find(name), *size)))
    same_weights(network, reference)
    assert_same(network, reference)


@pytest.mark.parametrize("size", [(97, 97), (224, 160)])
def test_googlenet_is_torchvisions(size: tuple[int, int]) -> None:
    reference = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    network = Network(at(find("googlenet_bn"), *size))
    same_weights(network, reference)
    assert_same(network, reference)


@pytest.mark.parametrize("size", [(96, 96), (75, 139)])
def test_inception_v3_is_torchvisions(size: tuple[int, int]) -> None:
    reference = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    network = Network(at(find("inception_v3"), *size))
    same_weights(network, reference)
    assert_same(network, reference)


def copied(reference: nn.Module, network: Network, row: int) -> None:
    """The row's weights go into `reference`."""
    ours = network.get_submodule(str(row)).state_dict().values()
    theirs = reference.state_dict().values()
    for mine, tensor in zip(ours, theirs, strict=True):
        tensor.copy_(mine)


@torch.no_grad()
def test_googlenets_auxiliary_classifiers_are_torchvisions() -> None:
    """But for the pooling before them: torchvision's makes 4×4 cells of any map, the paper's is 5×5 at stride 3."""
    architecture = find("googlenet_bn_auxiliary")
    network = random_network(architecture)
    x = images(architecture.input)
    rows = [index for index, row in enumerate(architecture.rows) if isinstance(row, AuxiliaryClassifier)]
    outputs = network.forward_outputs(x)
    assert list(outputs) == ["auxiliary1", "auxiliary2", "output"]
    for name, row in zip(outputs, rows, strict=False):
        entering = network.forward_features(x, [str(row - 1)])[str(row - 1)]
        reference = InceptionAux(entering.shape[1], 1000).eval()
        copied(reference, network, row)
        pooled = nn.functional.avg_pool2d(entering, 5, 3)
        assert pooled.shape[2:] == (4, 4)
        theirs = reference(pooled)  # of 4×4 cells torchvision's pooling makes the same
        assert float(theirs.std()) > 0.1
        assert difference(outputs[name], theirs) <= TOLERANCE
        assert difference(outputs[name], reference(entering)) > 10 * TOLERANCE


@torch.no_grad()
def test_inception_v3s_auxiliary_classifier_is_torchvisions() -> None:
    architecture = find("inception_v3_auxiliary")
    network = random_network(architecture)
    x = images(architecture.input)
    (row,) = (index for index, row in enumerate(architecture.rows) if isinstance(row, AuxiliaryClassifier))
    outputs = network.forward_outputs(x)
    assert list(outputs) == ["auxiliary", "output"]
    entering = network.forward_features(x, [str(row - 1)])[str(row - 1)]
    reference = WideAux(768, 1000).eval()
    copied(reference, network, row)
    theirs = reference(entering)
    assert float(theirs.std()) > 0.1
    assert difference(outputs["auxiliary"], theirs) <= TOLERANCE
    assert difference(outputs["output"], theirs) > 10 * TOLERANCE


def test_a_difference_would_show() -> None:
    """Another activation, gate or epsilon gives other values, and so does a shortcut left out."""
    reference = torchvision.models.get_model("mobilenet_v3_small")
    base = at(find("mobilenet_v3_small"), 64)
    last, row = base.rows[-1], base.rows[5]
    assert isinstance(last, Classifier)
    assert isinstance(row, InvertedResidual)
    for other in (
        replace(base, norm=BatchNorm(eps=2e-3)),
        replace(base, rows=(*base.rows[:-1], replace(last, activation="relu"))),
        *(
            replace(base, rows=(*base.rows[:5], changed, *base.rows[6:]))
            for changed in (
                replace(row, gate="sigmoid"),
                replace(row, activation="swish"),
                replace(row, shortcut=False),
                replace(row, padding=(1, 3, 1, 3)),
            )
        ),
    ):
        network = Network(other)
        same_weights(network, reference)
        with pytest.raises(AssertionError):
            assert_same(network, reference)


def test_relu_is_not_taken_for_relu6() -> None:
    reference = timm.create_model("mobilenetv1_100", pretrained=False)
    network = Network(TORCHS_EPS.of(at(find("mobilenet_v1"), 96)))
    same_weights(network, reference)
    with pytest.raises(AssertionError):
        assert_same(network, reference)


def test_the_shuffle_is_torchvisions() -> None:
    from torchvision.models.shufflenetv2 import channel_shuffle

    from edgewise.nn.operations import shuffle

    x = torch.randn(2, 12, 3, 3)
    assert torch.equal(shuffle(x, 3), channel_shuffle(x, 3))
