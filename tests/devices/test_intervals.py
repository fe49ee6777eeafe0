"""The interval holds what it says: by counting, and by simulating measurements with a known median."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.devices.intervals import FEWEST, effective_count, is_narrow, median_interval, quantile


@pytest.mark.parametrize(("count", "cut"), [(6, 0), (8, 0), (9, 1), (12, 2), (20, 5), (100, 39)])
def test_the_cuts_are_those_of_the_binomial_tables(count, cut):
    # Low and high in turn: nothing about one value speaks for the next, so all of them count.
    values = [float(i // 2 if i % 2 == 0 else count - 1 - i // 2) for i in range(count)]
    assert effective_count(values) == count
    assert median_interval(values) == (float(cut), float(count - 1 - cut))
    assert 2 * sum(math.comb(count, below) for below in range(cut + 1)) / 2**count <= 0.05
    assert 2 * sum(math.comb(count, below) for below in range(cut + 2)) / 2**count > 0.05


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=60))
def test_the_interval_lies_within_the_values_and_around_their_middle(values):
    low, high = median_interval(values)
    ordered = sorted(values)
    assert ordered[0] <= low <= ordered[(len(values) - 1) // 2]
    assert ordered[len(values) // 2] <= high <= ordered[-1]


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=60))
def test_no_more_observations_are_counted_than_there_are(values):
    assert 1 <= effective_count(values) <= len(values)


def test_drift_is_not_counted_as_many_observations():
    assert effective_count([float(i) for i in range(100)]) < FEWEST
    assert not is_narrow([10 + i / 1000 for i in range(100)], 0.03)


def test_few_observations_are_never_narrow():
    assert not is_narrow([1.0] * (FEWEST - 1), 0.03)


def _rounds(kind: str, generator: random.Random, count: int) -> list[float]:
    """Medians of `count` rounds around a true median of 1."""
    normal = [generator.gauss(0, 1) for _ in range(count)]
    if kind == "long tail":
        return [1 + 0.03 * (math.exp(value) - 1) for value in normal]
    if kind == "neighbour":  # each round half the one before: other work that lasts a few rounds
        for i in range(1, count):
            normal[i] = 0.5 * normal[i - 1] + math.sqrt(0.75) * normal[i]
    return [1 + 0.03 * value for value in normal]


@pytest.mark.parametrize("kind", ["independent", "long tail", "neighbour"])
def test_the_interval_covers_the_median_although_measuring_stops_when_it_is_narrow(kind):
    generator = random.Random(5)
    trials = 300
    covered = 0
    for _ in range(trials):
        values = _rounds(kind, generator, 240)
        count = next((n for n in range(12, 240, 2) if is_narrow(values[:n], 0.03)), 240)
        low, high = median_interval(values[:count])
        covered += low <= 1 <= high
    # Two standard errors of 300 trials below the 90% that stopping early leaves of 95%.
    assert covered / trials > 0.90 - 2 * math.sqrt(0.9 * 0.1 / trials)


def test_quantiles_are_interpolated():
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert quantile([5.0], 0.1) == 5.0
    normal = NormalDist()
    values = [normal.inv_cdf((i + 0.5) / 1000) for i in range(1000)]
    assert quantile(values, 0.1) == pytest.approx(normal.inv_cdf(0.1), abs=0.01)
