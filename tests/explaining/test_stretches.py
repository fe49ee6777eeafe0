"""The stretches that pictures are made of: their lines are their multiply-adds, and they show what they are to show."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.costs import count
from edgewise.explaining.connectivity import Connectivity
from edgewise.explaining.html import text
from edgewise.explaining.stretches import STRETCHES
from edgewise.explaining.wiring import wiring
from edgewise.papers import Architecture


@pytest.mark.parametrize("name", STRETCHES)
def test_lines_times_positions_are_the_multiply_adds(name: str) -> None:
    one = STRETCHES[name]
    costs = count(Architecture(name, one.rows, input=(one.channels, one.side, one.side)))
    assert sum(line.multiply_adds for line in one.connectivity.lines) == costs.multiply_adds
    assert text(one.title) in wiring(one.connectivity, one.title)


def channels(name: str) -> np.ndarray:
    return STRETCHES[name].connectivity.reach().channels


def test_groups_mix_nothing_and_the_shuffle_mixes_them() -> None:
    assert channels("pointwise").all()
    assert channels("pointwise_grouped3").sum() == 3 * 2 * 2
    assert channels("depthwise").sum() == 6
    assert channels("shufflenet_v1_g2").all()
    assert channels("shufflenet_v1_unshuffled").sum() == 2 * 3 * 3


def test_segments_cost_less_and_less() -> None:
    """From a convolution over Inception to Xception (Xception, section 1.1)."""
    names = ("inception_simplified", "inception_extreme", "xception")
    found = [sum(line.multiply_adds for line in STRETCHES[name].connectivity.lines) for name in names]
    assert found == sorted(found, reverse=True)
    assert found[1] == found[2]  # the same two layers in the other order
    assert found[0] > found[1]


def test_halving_early_widens_what_an_output_sees() -> None:
    fast = STRETCHES["fd_mobilenet"].connectivity.reach().positions
    slow = Connectivity.of(*STRETCHES["mobilenet_v1"].rows * 2, image=(6, 13, 13)).reach().positions
    assert fast[len(fast) // 2].sum() == 7
    assert slow[6].sum() == 5
