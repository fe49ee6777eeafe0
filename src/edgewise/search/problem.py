"""What is searched: a space, what its networks cost, and what is wanted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.search.objective import Objective
from edgewise.search.space import Point, Space


@dataclass(frozen=True)
class Result:
    """An evaluated point: its accuracy, from 0 to 1, and its cost, a latency in ms or what stands for it."""

    point: Point
    accuracy: float
    cost: float


@dataclass(eq=False)
class Problem:
    """A space whose networks' costs are known before they are trained: predicted by a latency table, or counted.

    `most` is the largest cost that is of any interest. What was looked up once is kept.
    """

    space: Space
    costs: Callable[[Architecture], float]
    objective: Objective
    most: float
    _kept: dict[Point, tuple[str, float] | None] = field(default_factory=dict, repr=False)

    def key(self, point: Point) -> str | None:
        """The digest of the point's network, the same for points that are the same network; None where there is no
        network."""
        found = self._found(point)
        return None if found is None else found[0]

    def cost(self, point: Point) -> float:
        """The cost of the point's network. Raises `EdgewiseError` where there is no network."""
        found = self._found(point)
        if found is None:
            raise EdgewiseError(f"{self.space.named(point)} of {self.space.name} is no network")
        return found[1]

    def nothing(self, point: Point) -> Result:
        """What is told of a point that is no network: nothing right, at the largest cost."""
        return Result(point, 0.0, self.most)

    def reward(self, result: Result) -> float:
        """The objective's value."""
        return self.objective(result.accuracy, result.cost)

    def distinct(self, points: Sequence[Point], known: set[str]) -> list[Point]:
        """Those of `points` whose networks are neither in `known` nor twice among them; `known` grows by theirs."""
        kept: list[Point] = []
        for point in points:
            key = self.key(point)
            if key is not None and key not in known:
                known.add(key)
                kept.append(point)
        return kept

    def _found(self, point: Point) -> tuple[str, float] | None:
        if point not in self._kept:
            try:
                architecture = self.space.architecture(point)
                self._kept[point] = architecture.digest, self.costs(architecture)
            except EdgewiseError:
                self._kept[point] = None
        return self._kept[point]
