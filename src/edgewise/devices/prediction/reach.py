"""What the networks of a latency table are like: beyond them nobody measured how far off predictions are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.costs import count
from edgewise.papers import Architecture


@dataclass(frozen=True)
class Reach:
    """The range of the networks' inputs, in pixels along either side, and of their multiply-adds, ends included."""

    pixels: tuple[int, int]
    multiply_adds: tuple[int, int]

    @classmethod
    def of(cls, networks: Sequence[Architecture]) -> Reach:
        """The reach of `networks`, one or more."""
        sides = [side for one in networks for side in one.input[1:]]
        costs = [count(one).multiply_adds for one in networks]
        return cls((min(sides), max(sides)), (min(costs), max(costs)))

    def __contains__(self, architecture: Architecture) -> bool:
        low, high = self.pixels
        fewest, most = self.multiply_adds
        inside = all(low <= side <= high for side in architecture.input[1:])
        return inside and fewest <= count(architecture).multiply_adds <= most

    def __str__(self) -> str:
        low, high = self.pixels
        pixels = f"{low}" if low == high else f"{low} to {high}"
        fewest, most = (
            f"{number / 1e6:.3g}" if number < 1e9 else f"{number / 1e6:,.0f}" for number in self.multiply_adds
        )
        return f"networks of {pixels} pixels and {fewest} to {most} M multiply-adds"
