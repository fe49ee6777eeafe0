"""A search: batch after batch is proposed, evaluated and told, the same way however often it is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgewise.searching.archive import Trial
from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers import Searcher
from edgewise.searching.space import Point


@dataclass(frozen=True)
class Asked:
    """A point to be evaluated, and what its network costs."""

    number: int
    point: Point
    cost: float


Evaluate = Callable[[Sequence[Asked]], Mapping[int, float]]
"""Gives the accuracies of networks by number; those that could not be evaluated are missing."""

Costs = Callable[[Sequence[Point]], Sequence[float]]
"""What networks cost, in the unit of the objective's target."""


@dataclass(frozen=True, eq=False)
class Study:
    """The search of `problem` by `searcher`. `costs` says what networks cost that are evaluated: what the problem
    expects, unless every sample is measured. `told` hears of all trials after every batch."""

    problem: Problem
    searcher: Searcher
    evaluate: Evaluate
    costs: Costs | None = None
    told: Callable[[Sequence[Trial]], None] = lambda trials: None

    def run(self, count: int, over: Callable[[], bool] = lambda: False) -> list[Trial]:
        """`count` trials, or fewer where the space has no more, or `over` says so before a batch.

        With an `evaluate` that remembers, the same call goes on where it was: what is known is told anew.
        """
        trials: list[Trial] = []
        while len(trials) < count and not over():
            points = self.searcher.ask()[: count - len(trials)]
            if not points:
                break
            made = self._batch(points, trials)
            trials += made
            self.searcher.tell([self._result(one) for one in made])
            self.told(trials)
        return trials

    def _batch(self, points: Sequence[Point], before: Sequence[Trial]) -> list[Trial]:
        first = {one.digest: one for one in reversed(before) if one.digest is not None}
        keys = [self.problem.key(point) for point in points]
        asked: dict[str, Asked] = {}
        for place, (key, point) in enumerate(zip(keys, points, strict=True)):
            if key is not None and key not in first and key not in asked:
                asked[key] = Asked(len(before) + place, point, self.problem.cost(point))
        if self.costs is not None and asked:
            costs = self.costs([one.point for one in asked.values()])
            asked = {
                key: Asked(one.number, one.point, cost) for (key, one), cost in zip(asked.items(), costs, strict=True)
            }
        accuracies = self.evaluate(list(asked.values()))
        made: list[Trial] = []
        for number, (key, point) in enumerate(zip(keys, points, strict=True), len(before)):
            if key is None:
                made.append(Trial(number, point, None, self.problem.most, None))
            elif key in first:
                known = first[key]
                made.append(Trial(number, point, key, known.cost, known.accuracy, known.number))
            else:
                one = asked[key]
                like = None if one.number == number else one.number
                made.append(Trial(number, point, key, one.cost, accuracies.get(one.number), like))
        return made

    def _result(self, trial: Trial) -> Result:
        if trial.accuracy is None:
            return self.problem.nothing(trial.point)
        return Result(trial.point, trial.accuracy, trial.cost)
