"""What every searcher is: it proposes points in batches, and is told how they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from edgewise.searching.problem import Result
from edgewise.searching.space import Point

BATCH = 4
"""How many points are proposed at once: two and four workers share them equally, and few are proposed without knowing
how the others do."""


class Searcher(Protocol):
    """Proposes and learns. The same results told in the same order lead to the same proposals, so that a search that
    was killed is gone on with by telling a new searcher what is known."""

    batch: int
    """How many points it proposes at once, the first ones apart; they do not depend on each other's results."""

    def ask(self) -> list[Point]:
        """The next batch; fewer where the space has no more."""
        ...

    def tell(self, results: Sequence[Result]) -> None:
        """How a whole batch did, in the order it was asked for."""
        ...


def stream(seed: int, batch: int) -> np.random.Generator:
    """The random numbers of one batch: they depend on nothing that came before."""
    return np.random.default_rng([seed, batch])
