"""Random search: the baseline that everything has to beat (Li and Talwalkar, 2019)."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.searching.prefilter import Prefilter
from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers.base import BATCH, stream
from edgewise.searching.searchers.drawing import fresh
from edgewise.searching.space import Point


class RandomSearch:
    """Points drawn alike, no network twice; with a `prefilter` each the best of a few."""

    def __init__(
        self, problem: Problem, *, seed: int = 0, batch: int = BATCH, prefilter: Prefilter | None = None
    ) -> None:
        self.batch = batch
        self._problem, self._seed, self._prefilter = problem, seed, prefilter
        self._known: set[str] = set()
        self._batches = 0

    def ask(self) -> list[Point]:
        return fresh(self._problem, stream(self._seed, self._batches), self.batch, set(self._known), self._prefilter)

    def tell(self, results: Sequence[Result]) -> None:
        self._batches += 1
        self._known |= {key for one in results if (key := self._problem.key(one.point))}
        if self._prefilter is not None:
            self._prefilter.tell(results)
