"""The default: a Gaussian process for accuracy, and the networks that are expected to push the front furthest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.searching.front import Pair, front
from edgewise.searching.gaussian_process import Data, fitted
from edgewise.searching.improvement import expected_improvement
from edgewise.searching.prefilter import PER_PLACE, Prefilter
from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers.base import BATCH, stream
from edgewise.searching.searchers.drawing import by_cost, fresh
from edgewise.searching.space import Point

BEGIN = 10
"""How many points are drawn before anything is predicted, from everywhere between cheap and dear; of those of about its
cost, the network that the space is around takes the place. They are one batch: none of them waits for another."""

SMALL = 10_000
"""A space of up to so many points is looked at as a whole, of a larger one a sample and what is near the front."""

_POOL = 1_000
_DRAWN = 40
_LEAST_ERROR = 1e-4


class Surrogate:
    """Two objectives, one of them known: what a network costs is looked up before it is trained, so that only its
    accuracy is predicted. `worst` is the least accuracy and the largest cost that count; by default the least of
    the first ones, and the largest of interest. With a `prefilter` the first ones are each the best of a few."""

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int = 0,
        batch: int = BATCH,
        worst: Pair | None = None,
        prefilter: Prefilter | None = None,
    ) -> None:
        self.batch = batch
        self._problem, self._seed, self._worst, self._prefilter = problem, seed, worst, prefilter
        self._results: list[Result] = []
        self._whole: list[Point] | None = None

    def ask(self) -> list[Point]:
        if len(self._results) < BEGIN and (first := self._spread()[len(self._results) :]):
            return first
        known = {key for one in self._results if (key := self._problem.key(one.point))}
        batches = -(-len(self._results) // self.batch)
        pool = self._pool(stream(self._seed, batches), known)
        return self._best(pool) if pool else []

    def tell(self, results: Sequence[Result]) -> None:
        self._results.extend(results)

    def _spread(self) -> list[Point]:
        """`BEGIN` points from everywhere between cheap and dear."""
        random = stream(self._seed, 0)
        if self._problem.space.size <= SMALL:
            drawn = self._of_interest(self._points())
        else:
            drawn = fresh(self._problem, random, _DRAWN * BEGIN, set())
        spread = [self._one(part, random) for part in by_cost(self._problem, drawn, BEGIN)]
        around = self._problem.space.around
        return spread if around is None else self._with(spread, self._problem.space.point(around))

    def _one(self, part: Sequence[Point], random: np.random.Generator) -> Point:
        """A random one, or the best of a few."""
        if self._prefilter is None:
            return part[int(random.choice(len(part)))]
        some = random.choice(len(part), min(PER_PLACE, len(part)), replace=False)
        return self._prefilter.best([part[place] for place in some])

    def _with(self, spread: Sequence[Point], first: Point) -> list[Point]:
        """`first` before the rest of `spread`, in place of the point of the nearest cost, if it is of interest."""
        if not self._of_interest([first]):
            return list(spread)
        cost = self._problem.cost(first)
        nearest = min(spread, key=lambda point: abs(np.log(self._problem.cost(point) / cost)))
        return [first, *(point for point in spread if point not in (first, nearest))]

    def _pool(self, random: np.random.Generator, known: set[str]) -> list[Point]:
        """What may be proposed: all that is not known, or some of it and the neighbours of the front."""
        if self._problem.space.size <= SMALL:
            return self._problem.distinct(self._of_interest(self._points()), known)
        best = [self._results[index] for index in front(self._told())]
        near = [point for one in best for point in self._problem.space.neighbours(one.point)]
        near = [near[index] for index in random.permutation(len(near))[:_POOL]]
        return self._problem.distinct(self._of_interest(near), known) + fresh(self._problem, random, _POOL, known)

    def _points(self) -> list[Point]:
        if self._whole is None:
            self._whole = self._problem.distinct(list(self._problem.space.points()), set())
        return self._whole

    def _of_interest(self, points: Sequence[Point]) -> list[Point]:
        problem = self._problem
        return [point for point in points if problem.key(point) and problem.cost(point) <= problem.most]

    def _best(self, pool: list[Point]) -> list[Point]:
        """The batch, one by one: each as if those before it came out as they are expected to."""
        process = fitted(self._data([one.point for one in self._results]), self._log_errors())
        known = self._told()
        worst = self._worst or (self._least([accuracy for accuracy, _ in known[:BEGIN]]), self._problem.most)
        candidates = self._data(pool)
        costs = np.maximum(np.exp(candidates.log_costs), self._problem.least)
        free = np.ones(len(pool), bool)
        chosen: list[int] = []
        while len(chosen) < min(self.batch, len(pool)):
            mean, deviation = process.predicted(candidates)
            gains = expected_improvement((mean, deviation), costs, known, worst)
            index = int(np.argmax(np.where(free, gains, -1.0)))
            free[index] = False
            chosen.append(index)
            one = Data(candidates.options[index : index + 1], candidates.log_costs[index : index + 1])
            process = process.given(one, mean[index : index + 1])
            known.append((1 - float(np.exp(mean[index])), float(costs[index])))
        return [pool[index] for index in chosen]

    def _least(self, first: Sequence[float]) -> float:
        """The least accuracy that counts, by those of the first ones. Where these are good ones, cheap networks that
        are a little worse than all of them count too."""
        return min(first) if self._prefilter is None else 2 * min(first) - max(first)

    def _told(self) -> list[Pair]:
        return [(one.accuracy, self._problem.counted(one.cost)) for one in self._results]

    def _data(self, points: Sequence[Point]) -> Data:
        return Data(np.array(points), np.log([self._problem.cost(point) for point in points]))

    def _log_errors(self) -> np.ndarray:
        """Errors rather than accuracies: half an error is as hard to win at 10% as at 1%."""
        return np.log([max(1 - one.accuracy, _LEAST_ERROR) for one in self._results])
