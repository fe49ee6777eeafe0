"""Cost stories: what each computes is what its paper says."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from edgewise.costs import count
from edgewise.explaining.stories import (
    STORIES,
    downsampling,
    inverted,
    kinds,
    mixing,
    receptive,
    reward,
    separable,
    spiral,
    swish,
)
from edgewise.papers import find
from edgewise.searching.objective import mnasnet_soft


@pytest.mark.parametrize("name", [name for name in STORIES if name != "receptive"])
def test_every_story_has_a_picture_that_says_what_it_is(name: str) -> None:
    picture = ElementTree.fromstring(STORIES[name].figure())
    assert any(one.get("aria-label") for one in picture.iter())


def test_a_separable_convolution_has_one_mth_and_one_k_squared_left() -> None:
    """MobileNets, section 3.1."""
    for kernel in separable.KERNELS:
        for width in (8, 128):
            assert separable.left(kernel, width) == pytest.approx(1 / width + 1 / kernel**2)


def test_a_bottleneck_costs_two_over_t() -> None:
    for expansion in inverted.EXPANSIONS:
        assert inverted.left(expansion) == pytest.approx(2 / expansion)


def test_fd_mobilenet_has_its_cost_on_small_maps() -> None:
    """FD-MobileNet, section 3: MobileNet spends a third on maps of 28 pixels and more."""
    slow, fast = (downsampling.by_side(name) for name in downsampling.NETWORKS)
    large = (112, 56, 28)
    assert sum(slow[side] for side in large) / sum(slow.values()) > 0.3
    assert sum(fast[side] for side in large) < sum(slow[side] for side in large) / 4


def test_early_halving_sees_far_early() -> None:
    slow, fast = (receptive.fields(find(name).with_input(512)) for name in ("mobilenet_v1", "fd_mobilenet"))
    assert slow[:2] == [3, 7]  # a stride of 2, and then a window of 3 over it
    assert fast[6] > 1.5 * slow[6]


def test_the_shuffle_is_what_mixes() -> None:
    assert mixing.mixed(1, shuffle=True).all()
    apart = mixing.mixed(3, shuffle=False)
    assert apart.sum() == mixing.GROUPS * (mixing.CHANNELS // mixing.GROUPS) ** 2


def test_relu_destroys_what_is_in_few_dimensions() -> None:
    """MobileNetV2, Figure 1."""
    lost = [spiral.lost(dimensions, seeds=20) for dimensions in spiral.DIMENSIONS]
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0.2
    assert lost[-1] < 0.01


def test_h_swish_is_near_swish_and_in_eight_bits_both_are_off_alike() -> None:
    x = np.linspace(-6, 6, 2001)
    assert np.abs(swish.swish(x) - swish.hard_swish(x)).max() < 0.15
    soft, hard = swish.in_eight_bits(x)
    errors = [np.sqrt(np.square(soft - swish.swish(x)).mean()), np.sqrt(np.square(hard - swish.hard_swish(x)).mean())]
    assert errors[0] == pytest.approx(errors[1], rel=0.2)


def test_the_soft_reward_gives_five_per_cent_of_accuracy_for_twice_the_latency() -> None:
    """MnasNet, section 3: that is what -0.07 was chosen by."""
    assert reward.accuracy_for(2.0, reward.SOFT) / reward.ACCURACY == pytest.approx(1.05, abs=0.001)
    assert reward.reward(0.7, 1.3, reward.SOFT) == pytest.approx(mnasnet_soft(10.0)(0.7, 13.0))
    assert reward.accuracy_for(0.5, reward.HARD) == reward.ACCURACY


def test_kinds_add_up_to_the_network_and_mobile_ones_are_pointwise() -> None:
    for name in kinds.NETWORKS:
        found = kinds.multiply_adds(name)
        assert tuple(found) == kinds.KINDS
        assert sum(found.values()) == count(find(name)).multiply_adds
    assert kinds.multiply_adds("mobilenet_v1")["pointwise"] / count(find("mobilenet_v1")).multiply_adds > 0.94
