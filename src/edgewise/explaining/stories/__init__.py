"""Cost stories: each a small computation with its figure, one a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgewise.explaining.stories import (
    downsampling,
    inverted,
    kinds,
    mixing,
    receptive,
    reward,
    separable,
    spiral,
    swish,
)

__all__ = ["STORIES", "Story"]


@dataclass(frozen=True)
class Story:
    """What the figure shows, in a sentence, and what draws it: an SVG file's content."""

    says: str
    figure: Callable[[], str]


STORIES: Mapping[str, Story] = {
    "separable": Story(
        "A depthwise separable convolution has 1/M + 1/K² of an ordinary one's multiply-adds.", separable.figure
    ),
    "inverted": Story(
        "Two pointwise convolutions through a bottleneck cost 2/t of one between its wide ends.", inverted.figure
    ),
    "kinds": Story("Nearly all multiply-adds of mobile networks are in their 1×1 convolutions.", kinds.figure),
    "downsampling": Story(
        "Halving the map early takes away the large maps, where cheap layers still cost much.", downsampling.figure
    ),
    "receptive": Story("What halves early also sees far early; a gate sees everything at once.", receptive.figure),
    "mixing": Story("Without the shuffle groups never hear of each other; with it one unit is enough.", mixing.figure),
    "spiral": Story("ReLU destroys what is in few dimensions and keeps what is in many.", spiral.figure),
    "swish": Story(
        "h-swish is near swish, and in eight bits both are off alike: what it saves is the exponential.",
        swish.figure,
    ),
    "reward": Story(
        "The exponents of the reward say what a slower network has to be worth in accuracy.", reward.figure
    ),
}
"""By name."""
