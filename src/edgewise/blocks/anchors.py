"""Anchors: the boxes that a detector's outputs are relative to, as data."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class Anchor:
    """A box of `scale`² of the image's area, `ratio` times as wide as high (SSD, section 2.2)."""

    scale: float
    ratio: float = 1.0

    @property
    def width(self) -> float:
        """As a share of the image's width, at most 1."""
        return min(1.0, self.scale * sqrt(self.ratio))

    @property
    def height(self) -> float:
        """As a share of the image's height, at most 1."""
        return min(1.0, self.scale / sqrt(self.ratio))


@dataclass(frozen=True, slots=True)
class AnchorMap:
    """The anchors around the centre of every cell of one map.

    `step` is the distance of the centres in pixels; 0 spreads them evenly over the image.
    """

    anchors: tuple[Anchor, ...]
    step: float = 0.0


def of_scale(scale: float, between: float, *ratios: float) -> tuple[Anchor, ...]:
    """A square, a square of the scale `between` this map's and the next one's, and a box for each of `ratios`."""
    return (Anchor(scale), Anchor(between), *(Anchor(scale, ratio) for ratio in ratios))


def scales_between(least: float, most: float, maps: int) -> tuple[float, ...]:
    """Scales of `maps` maps, evenly from `least` to `most` (SSD, equation 4), and 1 for what lies beyond the last."""
    return (*(least + (most - least) * number / (maps - 1) for number in range(maps)), 1.0)
