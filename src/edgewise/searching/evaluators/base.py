"""What every evaluator is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edgewise.searching.space import Point


class Evaluator(Protocol):
    """Says how accurate a point's network is, from 0 to 1. The same trial gives the same number."""

    def accuracy(self, point: Point, number: int, beat: Callable[[], None]) -> float:
        """That of trial `number`, which is all that is random about it besides the seed of the search. Calls `beat`
        while it gets on. Raises `EdgewiseError` where the network cannot be judged."""
        ...
