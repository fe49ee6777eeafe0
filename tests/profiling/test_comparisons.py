"""Networks that differ in one thing: they cost the same, and the figure says what was measured of each."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from edgewise.costs import count
from edgewise.explaining.comparisons import COMPARISONS, Timed, drawn
from edgewise.profiling.comparing import compared

GUIDELINES = [name for name in COMPARISONS if name.startswith("guideline")]


@pytest.mark.parametrize("name", GUIDELINES)
def test_the_guidelines_networks_cost_the_same(name: str) -> None:
    found = [count(one).multiply_adds for one in COMPARISONS[name].networks().values()]
    assert len(found) >= 4
    assert max(found) / min(found) < 1.06


def test_what_has_no_multiply_adds_moves_bytes() -> None:
    networks = COMPARISONS["guideline_elementwise"].networks()
    moved = {name: count(one).bytes_read + count(one).bytes_written for name, one in networks.items()}
    assert moved["both"] == moved["no ReLU"] > moved["no shortcut"] == moved["neither"]


def test_the_efficient_last_stage_computes_less() -> None:
    before, after = COMPARISONS["last_stage"].networks().values()
    # Section 5.1: it saves 30 million multiply-adds.
    assert 25e6 < count(before).multiply_adds - count(after).multiply_adds < 40e6


def test_the_figure_says_what_was_measured() -> None:
    one = COMPARISONS["stem"]
    networks = one.networks()
    timed = [Timed(name, 1.5 + index, 1.4 + index, 1.6 + index) for index, name in enumerate(networks)]
    figure = drawn(one, timed, "onnxruntime 9.9, one thread")
    ElementTree.fromstring(figure)
    assert "onnxruntime 9.9, one thread" in figure
    for name, written in zip(networks, ("1.50 ms", "2.50 ms"), strict=True):
        assert name in figure
        assert written in figure


def test_it_is_measured_here() -> None:
    figure = compared("guideline_elementwise", seconds=0.1)
    for name in COMPARISONS["guideline_elementwise"].networks():
        assert f"{name}: " in figure
