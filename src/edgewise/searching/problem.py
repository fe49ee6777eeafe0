"""What is searched: a space, what its networks cost, and what is wanted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.searching.objective import Objective
from edgewise.searching.space import Point, Space


@dataclass(frozen=True)
class Result:
    """An evaluated point: its accuracy, from 0 to 1, and its cost, a latency in ms or what stands for it."""

    point: Point
    accuracy: float
    cost: float


@dataclass(eq=False)
class Problem:
    """A space whose networks' costs are known before they are trained: predicted by a latency table, or counted.

    `most` is the largest cost that is of any interest, and `least` the smallest: a network that costs less is worth as
    much as one of that cost. What was looked up once is kept, and a network from its key to its cost: building it takes
    most of the time of both.
    """

    space: Space
    costs: Callable[[Architecture], float]
    objective: Objective
    most: float
    least: float = 0.0
    _keys: dict[Point, str | None] = field(default_factory=dict, repr=False)
    _costs: dict[Point, float] = field(default_factory=dict, repr=False)
    _built: dict[Point, Architecture] = field(default_factory=dict, repr=False)

    def key(self, point: Point) -> str | None:
        """The digest of the point's network, the same for points that are the same network; None where there is no
        network."""
        if point not in self._keys:
            try:
                architecture = self.space.architecture(point)
                self._keys[point] = architecture.digest
                self._built[point] = architecture
            except EdgewiseError:
                self._keys[point] = None
        return self._keys[point]

    def cost(self, point: Point) -> float:
        """The cost of the point's network. Raises `EdgewiseError` where there is no network."""
        if point not in self._costs:
            if self.key(point) is None:
                raise EdgewiseError(f"{self.space.named(point)} of {self.space.name} is no network")
            self._costs[point] = self.costs(self._built[point])
            del self._built[point]
        return self._costs[point]

    def counted(self, cost: float) -> float:
        """A cost as far as it is of interest."""
        return max(cost, self.least)

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
