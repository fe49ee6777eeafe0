"""The interval of a median from order statistics, and quantiles; nothing but arithmetic.

Why rounds and not iterations: the iterations of one block share the clock frequency, the caches and the neighbour of
that moment, so a thousand of them say little more than a few. One value per block, its median, is one observation;
the blocks of one artifact lie a round apart.

Why order statistics and not a bootstrap: for independent observations of any distribution, the number below the true
median is binomial, so the interval holds its level from six observations on, without drawing random numbers. A
bootstrap of a dozen rounds covers less than it says.

A round apart is still not independent: a neighbour that works for seconds slows many rounds in a row. So the count
that goes into the binomial is the effective one, n (1 - r) / (1 + r) for autocorrelation r between successive rounds
(an autoregressive process of order one; r of the ranks, so that one outlier does not hide it, and never below 0).
A test simulates the coverage, with the rule of stopping as soon as the interval is narrow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import median

LEVEL = 0.95
FEWEST = 6
"""With fewer than six independent observations not even the smallest and the largest hold the median with 95%."""


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the median of which `values`, in the order they were observed, are observations.

    When fewer than `FEWEST` of them are independent it is the smallest and the largest, which then hold less.
    """
    ordered = sorted(values)
    effective = effective_count(values)
    if effective < FEWEST:
        return ordered[0], ordered[-1]
    cut = math.floor(_cut(effective) * (len(ordered) - 1) / (effective - 1))
    return ordered[cut], ordered[-1 - cut]


def is_narrow(values: Sequence[float], precision: float) -> bool:
    """Whether the 95% interval of the median is no wider than `precision` times the median."""
    if effective_count(values) < FEWEST:
        return False
    low, high = median_interval(values)
    return high - low <= precision * median(values)


def effective_count(values: Sequence[float]) -> int:
    """How many independent observations the `values`, in the order they were observed, are worth; at least 1."""
    if len(values) < FEWEST:
        return len(values)
    order = sorted(range(len(values)), key=values.__getitem__)
    middle = (len(values) - 1) / 2
    ranks = [0.0] * len(values)
    for rank, index in enumerate(order):
        ranks[index] = rank - middle
    variance = sum(rank * rank for rank in ranks)
    together = sum(one * following for one, following in itertools.pairwise(ranks)) / variance
    correlation = max(together, 0.0)
    return max(1, math.floor(len(values) * (1 - correlation) / (1 + correlation)))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie, with linear interpolation between neighbours."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def _cut(count: int) -> int:
    """How many values are cut at each end: the largest k with P(Binomial(count, 1/2) <= k) at most 2.5%."""
    outside = 0.0
    for below in range(count):
        outside += math.comb(count, below) / 2**count
        if outside > (1 - LEVEL) / 2:
            return max(below - 1, 0)
    return 0
