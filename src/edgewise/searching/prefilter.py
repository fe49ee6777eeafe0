"""Which of several random networks is worth training: what a look at them before any training says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from edgewise.costs import count
from edgewise.papers import Architecture
from edgewise.searching.problem import Result
from edgewise.searching.space import Point, Space

PER_PLACE = 6
"""How many random networks of about the same cost are looked at for each that is proposed."""

EVIDENCE = 10
"""After so many trained networks it is they who say what to choose by."""

Score = Callable[[Architecture], float]
"""Of a network that was not trained; more is better."""


class Prefilter:
    """Chooses among networks of `space` that cost about the same by an untrained network's `score`.

    That is worth its time only where it does better than plain multiply-adds, which are known for nothing. So once
    networks were trained, both are compared: by how each ranks them where costs are equal (`at_equal_cost`). The better
    one chooses from then on, as long as it is better than chance. `tell` hears of every change.
    """

    def __init__(self, space: Space, score: Score, tell: Callable[[str], None] = lambda text: None) -> None:
        self._tell = tell
        self._by: dict[str, Callable[[Point], float]] = {
            "the untrained score": cache(lambda point: score(space.architecture(point))),
            "multiply-adds": cache(lambda point: float(count(space.architecture(point)).multiply_adds)),
        }
        self._chosen: str | None = next(iter(self._by))
        self._results: list[Result] = []

    @property
    def chooses(self) -> bool:
        """Whether it does better than chance, as far as is known."""
        return self._chosen is not None

    def best(self, points: Sequence[Point]) -> Point:
        """The one to train; the first where nothing tells them apart."""
        return points[0] if self._chosen is None else max(points, key=self._by[self._chosen])

    def tell(self, results: Sequence[Result]) -> None:
        """How networks did that were trained."""
        self._results += [one for one in results if one.accuracy > 0]
        if len(self._results) < EVIDENCE:
            return
        accuracies, costs = (
            np.array([value(one) for one in self._results])
            for value in (lambda one: one.accuracy, lambda one: one.cost)
        )
        found = {
            name: at_equal_cost(np.array([value(one.point) for one in self._results]), accuracies, costs)
            for name, value in self._by.items()
        }
        best = max(found, key=lambda name: found[name])
        chosen = best if found[best] > 0 else None
        if chosen != self._chosen:
            ranked = " and ".join(f"at {value:.2f} by {name}" for name, value in found.items())
            by = f"{chosen} will be what they are chosen by" if chosen else "they will be chosen by neither"
            self._tell(
                f"of about the same latency, the {len(self._results)} networks judged so far are ranked {ranked} (1: "
                f"as they did, 0: by chance); when networks are drawn again, {by}"
            )
        self._chosen = chosen


def at_equal_cost(values: np.ndarray, accuracies: np.ndarray, costs: np.ndarray) -> float:
    """How well `values` `(n,)` rank `accuracies` `(n,)` beyond what `costs` `(n,)` do: Spearman's partial rank
    correlation, from -1 to 1; 0 where the values follow from the costs."""
    from scipy.stats import rankdata  # the better part of a second, for those who ask for this

    ranks = [rankdata(one) for one in (values, accuracies, costs)]
    if any(np.ptp(one) == 0 for one in ranks[:2]):
        return 0.0
    if np.ptp(ranks[2]) == 0:
        return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    (_, together, first), (_, _, second), _ = np.corrcoef(ranks)
    beyond = (1 - first**2) * (1 - second**2)
    return float((together - first * second) / np.sqrt(beyond)) if beyond > 1e-12 else 0.0
