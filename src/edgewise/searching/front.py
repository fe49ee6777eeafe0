"""Which results no other beats, and how much of the plane they cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Pair = tuple[float, float]
"""Accuracy, of which more is better, and latency or another cost, of which less is."""


def front(pairs: Sequence[Pair]) -> list[int]:
    """The indices of those that none beats in both, fastest first; of equal ones the first."""
    order = sorted(range(len(pairs)), key=lambda index: (pairs[index][1], -pairs[index][0], index))
    kept: list[int] = []
    best = -np.inf
    for index in order:
        if pairs[index][0] > best:
            kept.append(index)
            best = pairs[index][0]
    return kept


def hypervolume(pairs: Sequence[Pair], worst: Pair) -> float:
    """The area between the front and `worst`, the least accuracy and the largest cost that count at all."""
    inside = [pair for pair in pairs if pair[0] > worst[0] and pair[1] < worst[1]]
    area, reached = 0.0, worst[0]
    for index in front(inside):
        accuracy, cost = inside[index]
        area += (worst[1] - cost) * (accuracy - reached)
        reached = accuracy
    return area
