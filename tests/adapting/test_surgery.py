"""The smaller network gives what the larger one gives with the removed channels silenced, for every family."""

from __future__ import annotations

from functools import cache
from math import lcm
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surgeon import outputs, relative, silenced, tensors_for

import heads
from edgewise.adapting.choose import chosen
from edgewise.adapting.labels import Labels, channel_labels
from edgewise.adapting.spaces import Spaces
from edgewise.adapting.surgery import cut, remove
from edgewise.blocks import Bottleneck, Classifier, ConvBNAct, InvertedResidual, Row, ShuffleUnitV2
from edgewise.costs import count
from edgewise.costs.module import profile
from edgewise.deploy.model_file import write_model_file
from edgewise.deploy.tensors import random_tensors
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture, find
from edgewise.searching.spaces import MNASNET
from edgewise.weights import load_model
from edgewise.weights.shapes import tensor_shapes
from random_weights import images
from variants import variant

FAMILIES = (
    "alexnet", "vgg11_bn", "squeezenet1_1", "googlenet_bn_auxiliary", "inception_v3", "resnet18", "resnet50",
    "xception", "resnext50_32x4d", "se_resnext50_32x4d", "senet154/4", "mobilenet_v1_0.5", "se_mobilenet_v1",
    "fd_mobilenet_0.5", "shufflenet_v1_g3_0.5", "shufflenet_v1_g8_0.5", "se_shufflenet_v1_g3", "shufflenet_v2_0.5",
    "shufflenet_v2_0.5_torchvision", "shufflenet_v2_164/4", "mobilenet_v2_0.5", "mnasnet_a1", "mobilenet_v3_small",
    "mnasnet's space", "ssdlite_mobilenet_v2", "lr_aspp_mobilenet_v3_small_rf2", "r_aspp_mobilenet_v2_rf2",
    "deeplab_v3_mobilenet_v2",
)  # fmt: skip
"""One or two of every family, at their smaller widths, a point of a search's space, and one of each light head."""

DEEP = {"senet154/4", "shufflenet_v2_164/4"}
"""Each takes as long as ten of the others."""

MIXED = MNASNET.sample(np.random.default_rng(2))
"""All kinds of convolutions and of shortcuts."""

SIZES = {"alexnet": 224, "inception_v3": 139, "googlenet_bn_auxiliary": 128, "xception": 96}


def small(name: str) -> Architecture:
    if name in heads.QUICK:
        return heads.small(name)
    made = MNASNET.architecture(MIXED) if name == "mnasnet's space" else variant(name)
    return made.with_classes(10).with_input(SIZES.get(name, 64), smallest_map=1)


def narrower(spaces: Spaces, random: np.random.Generator) -> dict[str, int]:
    """Every space that stands alone at half to nine tenths, and of those tied by groups one each by what divides."""
    widths: dict[str, int] = {}
    done: set[str] = set()
    for space in spaces.leading:
        if space.name not in done:
            tied = spaces.tied(space.name)
            done |= {one.name for one in tied}
            step = lcm(*(len(parted) ** 2 for parted in spaces.partitions(tied)))
            away = max(1, round(space.width * random.uniform(0.1, 0.5)) // step) * step
            widths[space.name] = space.width - away if away < space.width else space.width
    return widths


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow) if one in DEEP else one for one in FAMILIES]
)
def test_the_smaller_network_is_the_larger_one_with_channels_silenced(name: str, tmp_path: Path) -> None:
    architecture = small(name)
    tensors = tensors_for(architecture)
    spaces = Spaces(architecture)
    random = np.random.default_rng(0)
    widths = narrower(spaces, random)
    kept = chosen(spaces, widths, random.random(len(spaces.labels.fixed)))
    smaller, sliced = cut(architecture, tensors, spaces.labels, kept, name="smaller")
    assert count(smaller).multiply_adds < count(architecture).multiply_adds
    assert all(int(kept[spaces[space].labels].sum()) == width for space, width in widths.items())
    larger = outputs(architecture, silenced(spaces.labels, kept, tensors))
    assert relative(outputs(smaller, sliced), larger) < 1e-5
    assert {key: array.shape for key, array in sliced.items()} == tensor_shapes(smaller.graph)
    assert Architecture.from_json(smaller.to_json()) == smaller
    loaded, card = load_model(write_model_file(smaller, sliced, tmp_path / "smaller.safetensors", card=None))
    assert card.architecture == smaller
    assert all(np.array_equal(loaded.state_dict()[key].numpy(), array) for key, array in sliced.items())


HARD = ("mobilenet_v2_0.35", "shufflenet_v2_0.5", "mobilenet_v3_small_0.35", "mnasnet_a1_0.35", "resnet18/8")


@cache
def hard(name: str) -> tuple[Architecture, dict[str, np.ndarray], Labels]:
    architecture = find(name.removesuffix("/8")).with_classes(3).with_input(32, smallest_map=1)
    architecture = architecture.scaled(0.125) if name.endswith("/8") else architecture
    return architecture, tensors_for(architecture), channel_labels(architecture.graph)


@pytest.mark.parametrize("name", HARD)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_channels_may_go(name: str, data: st.DataObject) -> None:
    """Not only those that a score would choose: whatever set is left, as long as no value is left without."""
    architecture, tensors, labels = hard(name)
    share = data.draw(st.floats(0.05, 1.0), "share kept")
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), "seed"))
    kept = labels.fixed | (random.random(len(labels.fixed)) < share)
    for axis in labels.axes:
        if not kept[axis].any():
            kept[axis[0]] = True
    smaller, sliced = cut(architecture, tensors, labels, kept)
    expected = outputs(architecture, silenced(labels, kept, tensors))
    assert relative(outputs(smaller, sliced), expected) < 1e-5


@pytest.mark.parametrize("name", ["mobilenet_v2_0.35", "shufflenet_v2_0.5"])
def test_counts_are_those_of_the_rows(name: str) -> None:
    """What the graph says of the smaller network is what torch runs: the two ways to the same number."""
    architecture, tensors, labels = hard(name)
    kept = labels.fixed | (np.random.default_rng(1).random(len(labels.fixed)) < 0.6)
    smaller, _ = cut(architecture, tensors, labels, kept)
    costs = count(smaller)
    network = Network(smaller)
    assert sum(parameter.numel() for parameter in network.parameters()) == costs.parameters
    assert profile(network, images(smaller.input)[:1]).multiply_adds == costs.multiply_adds


def tiny(*rows: Row, size: int = 8) -> tuple[Architecture, dict[str, np.ndarray]]:
    architecture = Architecture("tiny", (*rows, Classifier(classes=3)), input=(3, size, size))
    return architecture, random_tensors(architecture)


def test_a_named_channel_goes_with_all_that_belongs_to_it() -> None:
    architecture, tensors = tiny(
        ConvBNAct(out_channels=8), InvertedResidual(out_channels=8, expanded=16), InvertedResidual(out_channels=8)
    )
    smaller, sliced = remove(architecture, tensors, {"1.expand": [0, 3], "0": [5]}, name="smaller")
    assert smaller.name == "smaller"
    assert smaller.rows[:3] == (
        ConvBNAct(out_channels=7),
        InvertedResidual(out_channels=7, expanded=14),
        InvertedResidual(out_channels=7),
    )
    kept = [0, 1, 2, 3, 4, 6, 7]
    assert np.array_equal(sliced["2.depthwise.conv.weight"], tensors["2.depthwise.conv.weight"][kept])
    inner = [1, 2, *range(4, 16)]
    assert np.array_equal(sliced["1.expand.conv.weight"], tensors["1.expand.conv.weight"][np.ix_(inner, kept)])


def test_a_shortcut_that_would_appear_by_chance_does_not() -> None:
    """Equal widths make a shortcut in an inverted residual: where surgery makes them equal the row says otherwise."""
    architecture, tensors = tiny(ConvBNAct(out_channels=6), InvertedResidual(out_channels=8, expanded=16))
    smaller, _ = remove(architecture, tensors, {"1": [0, 1]})
    assert smaller.rows[1] == InvertedResidual(out_channels=6, expanded=16, shortcut=False)


def test_a_projection_stays_one_and_two_widths_part() -> None:
    architecture, tensors = tiny(ConvBNAct(out_channels=6), Bottleneck(inner=4, out_channels=8))
    smaller, _ = remove(architecture, tensors, {"1": [0, 1], "1.spatial": [2]})
    assert smaller.rows[1] == Bottleneck(inner=3, out_channels=6, reduced=4, project=True)


def test_a_shuffle_becomes_an_order_where_it_has_to() -> None:
    architecture, tensors = tiny(ConvBNAct(out_channels=8), ShuffleUnitV2(out_channels=8, passed=4, inner=4))
    one, _ = remove(architecture, tensors, {"0": [0]})
    assert one.rows[1] == ShuffleUnitV2(out_channels=7, passed=3, inner=4, order=(3, 0, 4, 1, 5, 2, 6))
    both, _ = remove(architecture, tensors, {"0": [0], "1.project": [0]})
    assert both.rows[1] == ShuffleUnitV2(out_channels=6, passed=3, inner=4)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({"9.expand": [0]}, "the network has no value named 9.expand"),
        ({"0": [8]}, "0 has 8 channels, counted from 0; there is no channel 8"),
        ({"input": [0]}, "the channels of input have to stay"),
        ({"output": [0]}, "no value named output"),
        ({"3": [0]}, "the channels of 3.classes have to stay"),
        ({"0": range(8)}, "0.conv.conv would be left without channels"),
        ({"2": [0]}, r"the 2 groups .* of 2.conv.conv they would be left with 3, 4"),
    ],
)
def test_what_cannot_go_is_said(channels: dict[str, list[int]], message: str) -> None:
    architecture, tensors = tiny(
        ConvBNAct(out_channels=8), ConvBNAct(out_channels=8), ConvBNAct(out_channels=8, groups=2)
    )
    with pytest.raises(EdgewiseError, match=message):
        remove(architecture, tensors, channels)


def test_tensors_that_are_not_the_architectures_are_said() -> None:
    architecture, tensors = tiny(ConvBNAct(out_channels=8))
    with pytest.raises(EdgewiseError, match=r"no tensor 0\.conv\.conv\.weight"):
        remove(architecture, {}, {"0": [0]})
    tensors["0.conv.norm.bias"] = np.zeros(9, np.float32)
    with pytest.raises(EdgewiseError, match=r"0\.conv\.norm\.bias has shape \(9,\), not \(8,\)"):
        remove(architecture, tensors, {"0": [0]})
