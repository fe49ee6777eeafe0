"""The networks at a space's ends, which the sandwich rule trains in every step, and points that use all its tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edgewise.costs import count
from edgewise.searching.problem import Problem
from edgewise.searching.space import Point

_DRAWN = 50
_SEEN = 300


def smallest(problem: Problem) -> Point:
    """The point of the fewest multiply-adds, as far as changing one choice after the other finds it."""
    return _climbed(problem, lambda point: -_size(problem, point))


def largest(problem: Problem) -> Point:
    """The point of the most multiply-adds, whatever it costs, found in the same way."""
    return _climbed(problem, lambda point: _size(problem, point))


def dearest(problem: Problem) -> Point:
    """The point of the most multiply-adds among those that cost no more than is of interest; where there are none, the
    cheapest."""

    def worth(point: Point) -> float:
        cost = problem.cost(point)
        return _size(problem, point) if cost <= problem.most else -cost

    return _climbed(problem, worth)


def covering(problem: Problem) -> Iterator[Point]:
    """Points whose tensors, put together, have room for those of all: the ends of the space, what differs from them in
    one choice, and many in between."""
    for end in (largest(problem), dearest(problem), smallest(problem)):
        yield end
        yield from (point for point in problem.space.neighbours(end) if problem.key(point))
    random = np.random.default_rng(0)
    for point in (problem.space.sample(random) for _ in range(_SEEN)):
        if problem.key(point):
            yield point


def _climbed(problem: Problem, worth: Callable[[Point], float]) -> Point:
    """From the best of some drawn points on, the best change of one choice as long as there is one."""
    random = np.random.default_rng(0)
    drawn = [point for point in (problem.space.sample(random) for _ in range(_DRAWN)) if problem.key(point)]
    best = max(drawn, key=worth)
    reached = worth(best)
    while True:
        for place, choice in enumerate(problem.space.choices):
            forms = [(*best[:place], index, *best[place + 1 :]) for index in range(len(choice.options))]
            best = max((point for point in forms if problem.key(point)), key=worth)
        if worth(best) <= reached:
            return best
        reached = worth(best)


def _size(problem: Problem, point: Point) -> float:
    return float(count(problem.space.architecture(point)).multiply_adds)
