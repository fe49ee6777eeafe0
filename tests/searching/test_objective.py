"""Rewards, fronts and what pushes a front."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.errors import EdgewiseError
from edgewise.searching import Objective, front, hypervolume
from edgewise.searching.improvement import expected_improvement
from edgewise.searching.objective import mnasnet_hard, mnasnet_soft, mobilenet_v3_small, tunas


def test_mnasnets_rewards() -> None:
    soft, hard = mnasnet_soft(10.0), mnasnet_hard(10.0)
    assert soft(0.7, 10.0) == hard(0.7, 10.0) == 0.7
    assert soft(0.7, 20.0) == pytest.approx(0.7 * 2**-0.07)
    assert soft(0.7 * 1.05, 20.0) == pytest.approx(soft(0.7, 10.0), rel=2e-3)  # 5% more for twice the latency
    assert hard(0.7, 5.0) == 0.7
    assert hard(0.7, 20.0) == pytest.approx(0.35)
    assert mobilenet_v3_small(10.0)(0.7, 5.0) == pytest.approx(0.7 * 2**0.15)
    assert tunas(10.0)(0.7, 12.0) == pytest.approx(0.68)
    assert tunas(10.0)(0.7, 8.0) == pytest.approx(0.68)


@pytest.mark.parametrize("latency", [0.0, -1.0, float("nan")])
def test_nothing_passes_that_was_not_measured(latency: float) -> None:
    with pytest.raises(EdgewiseError, match="was not measured"):
        mnasnet_soft(10.0)(0.7, latency)
    with pytest.raises(EdgewiseError, match="cannot be searched for"):
        Objective(latency)


def test_the_front_and_what_it_covers() -> None:
    pairs = [(0.5, 1.0), (0.7, 2.0), (0.6, 3.0), (0.9, 4.0), (0.7, 2.0), (0.3, 0.5)]
    assert front(pairs) == [5, 0, 1, 3]
    assert hypervolume(pairs, (0.4, 5.0)) == pytest.approx(0.1 * 4 + 0.2 * 3 + 0.2 * 1)
    assert hypervolume([], (0.4, 5.0)) == 0


pairs = st.lists(st.tuples(st.floats(0.1, 0.99), st.floats(0.5, 9.5)), min_size=1, max_size=8)


@given(pairs, st.floats(0.1, 0.99), st.floats(0.5, 9.5))
def test_a_certain_network_improves_by_what_it_adds(known: list[tuple[float, float]], top: float, cost: float) -> None:
    worst = (0.2, 10.0)
    added = hypervolume([*known, (top, cost)], worst) - hypervolume(known, worst)
    certain = (np.array([np.log(1 - top)]), np.array([0.0]))
    assert expected_improvement(certain, np.array([cost]), known, worst)[0] == pytest.approx(added, abs=1e-9)


def test_an_uncertain_one_by_the_mean_of_it() -> None:
    known, worst = [(0.5, 2.0), (0.8, 5.0)], (0.2, 10.0)
    logs = np.random.default_rng(0).normal(-1.0, 0.3, 20_000)
    gains = [hypervolume([*known, (1 - float(np.exp(log)), 3.0)], worst) for log in logs]
    expected = float(np.mean(gains)) - hypervolume(known, worst)
    found = expected_improvement((np.array([-1.0]), np.array([0.3])), np.array([3.0]), known, worst)[0]
    assert found == pytest.approx(expected, rel=0.02)
