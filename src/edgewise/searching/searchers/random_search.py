"""Random search: the baseline that everything has to beat (Li and Talwalkar, 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers.base import BATCH, stream
from edgewise.searching.space import Point

_PATIENCE = 200


class RandomSearch:
    """Points drawn alike, no network twice."""

    def __init__(self, problem: Problem, *, seed: int = 0, batch: int = BATCH) -> None:
        self.batch = batch
        self._problem, self._seed = problem, seed
        self._known: set[str] = set()
        self._batches = 0

    def ask(self) -> list[Point]:
        return fresh(self._problem, stream(self._seed, self._batches), self.batch, set(self._known))

    def tell(self, results: Sequence[Result]) -> None:
        self._batches += 1
        self._known |= {key for one in results if (key := self._problem.key(one.point))}


def fresh(problem: Problem, random: np.random.Generator, count: int, known: set[str]) -> list[Point]:
    """Up to `count` random points whose networks are not in `known`, nor cost more than is of interest; `known` grows
    by theirs. Fewer where hundreds in a row were of no use."""
    found: list[Point] = []
    misses = 0
    while len(found) < count and misses < _PATIENCE:
        point = problem.space.sample(random)
        new = problem.distinct([point], known) if problem.key(point) and problem.cost(point) <= problem.most else []
        misses = 0 if new else misses + 1
        found += new
    return found
