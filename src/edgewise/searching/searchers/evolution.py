"""Regularised evolution (Real et al., 2019): the best of a few is changed a little, and the oldest dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edgewise.searching.prefilter import Prefilter
from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers.base import BATCH, stream
from edgewise.searching.searchers.drawing import fresh
from edgewise.searching.space import Point

_TRIES = 50


class Evolution:
    """A population of the last `population` results; parents are the best of `sample` of them by the reward. With a
    `prefilter` those that are drawn, the first ones mostly, are each the best of a few."""

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int = 0,
        population: int = 20,
        sample: int = 5,
        batch: int = BATCH,
        prefilter: Prefilter | None = None,
    ) -> None:
        self.batch = batch
        self._problem, self._seed, self._sample, self._prefilter = problem, seed, sample, prefilter
        self._living: deque[Result] = deque(maxlen=population)
        self._known: set[str] = set()
        self._batches = 0

    def ask(self) -> list[Point]:
        random = stream(self._seed, self._batches)
        known = set(self._known)
        if len(self._living) < (self._living.maxlen or 0):
            return fresh(self._problem, random, self.batch, known, self._prefilter)
        found: list[Point] = []
        for _ in range(_TRIES * self.batch):
            if len(found) == self.batch:
                break
            chosen = random.choice(len(self._living), min(self._sample, len(self._living)), replace=False)
            parent = max((self._living[index] for index in chosen), key=self._problem.reward)
            neighbours = list(self._problem.space.neighbours(parent.point))
            found += self._problem.distinct([neighbours[random.integers(len(neighbours))]], known)
        return found + fresh(self._problem, random, self.batch - len(found), known, self._prefilter)

    def tell(self, results: Sequence[Result]) -> None:
        self._batches += 1
        self._living.extend(results)
        self._known |= {key for one in results if (key := self._problem.key(one.point))}
        if self._prefilter is not None:
            self._prefilter.tell(results)
