"""The marks that tell groups apart: a shape and a colour each, so that either of the two is enough."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from edgewise.explaining.html import Markup, tag

__all__ = ["SHAPES", "assign", "legend", "mark"]

HUES = 7  # chart.css has a colour for each, for light and for dark paper
_SHIFT = 3  # shapes further on with each round of the hues: two groups of one hue have nothing else in common
# Corners on the unit circle as (number of corners, turned by degrees, inner radius of a star or 1).
_POLYGONS: Mapping[str, tuple[int, float, float]] = {
    "square": (4, 45, 1.0),
    "triangle": (3, -90, 1.0),
    "diamond": (4, 0, 1.0),
    "star": (5, -90, 0.45),
    "wedge": (3, 90, 1.0),
    "cross": (4, 0, 0.35),
}
SHAPES = ("circle", *_POLYGONS)


def assign(groups: Iterable[str]) -> dict[str, int]:
    """A number for each group, in the order of first appearance; `mark` makes a shape and a colour of it."""
    return {group: index for index, group in enumerate(dict.fromkeys(groups))}


def mark(number: int, x: float, y: float, radius: float) -> Markup:
    """The SVG shape of group `number`, of equal weight to the eye in every shape. Unique for 49 groups; in every
    second round of the hues marks are hollow, and each round gives a hue another shape."""
    lap, hue_number = divmod(number, HUES)
    shape = SHAPES[(number + _SHIFT * lap) % len(SHAPES)]
    hue = {"class": f"mark {'hollow ' if lap % 2 else ''}hue{hue_number}"}
    if shape == "circle":
        return tag("circle", {**hue, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:.1f}"})
    corners, turned, inner = _POLYGONS[shape]
    outer = radius * (1.25 if inner == 1.0 else 1.4)
    radii = [outer] if inner == 1.0 else [outer, outer * inner]
    total = corners * len(radii)
    points = []
    for index in range(total):
        angle = math.radians(turned + 360 * index / total)
        reach = radii[index % len(radii)]
        points.append(f"{x + reach * math.cos(angle):.1f},{y + reach * math.sin(angle):.1f}")
    return tag("polygon", {**hue, "points": " ".join(points)})


def legend(groups: Mapping[str, int]) -> Markup:
    """The groups' names beside their marks."""
    items = []
    for group, number in groups.items():
        drawn = tag(
            "svg", {"viewBox": "0 0 16 16", "width": 16, "height": 16, "aria-hidden": "true"}, mark(number, 8, 8, 5)
        )
        items.append(tag("li", None, drawn, " ", group))
    return tag("ul", {"class": "legend"}, *items)
