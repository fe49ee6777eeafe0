"""Random points, no network twice, and of several that cost about the same the one that looks best untrained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.searching.prefilter import PER_PLACE, Prefilter
from edgewise.searching.problem import Problem
from edgewise.searching.space import Point

_PATIENCE = 200


def fresh(
    problem: Problem, random: np.random.Generator, count: int, known: set[str], prefilter: Prefilter | None = None
) -> list[Point]:
    """Up to `count` random points whose networks are not in `known`, nor cost more than is of interest; `known` grows
    by theirs. Fewer where hundreds in a row were of no use.

    With a `prefilter`, more are drawn, and of those that cost about the same one is taken.
    """
    if prefilter is None or not prefilter.chooses:
        return _drawn(problem, random, count, known)
    drawn = _drawn(problem, random, PER_PLACE * count, set(known))
    return problem.distinct([prefilter.best(part) for part in by_cost(problem, drawn, count)], known)


def by_cost(problem: Problem, points: Sequence[Point], count: int) -> list[list[Point]]:
    """The points in up to `count` parts of about as many, from the cheapest to the dearest."""
    ordered = sorted(points, key=problem.cost)
    parts = np.array_split(np.arange(len(ordered)), count) if count else []
    return [[ordered[place] for place in part] for part in parts if len(part)]


def _drawn(problem: Problem, random: np.random.Generator, count: int, known: set[str]) -> list[Point]:
    found: list[Point] = []
    misses = 0
    while len(found) < count and misses < _PATIENCE:
        point = problem.space.sample(random)
        new = problem.distinct([point], known) if problem.key(point) and problem.cost(point) <= problem.most else []
        misses = 0 if new else misses + 1
        found += new
    return found
