"""A figure of lines as one SVG file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE
from edgewise.explaining.formats import significant
from edgewise.explaining.panels import MARGIN, Panel, key, series, stacked

__all__ = ["Curve", "plot"]

_HIGH = 340
_FEW = 24
"""So many points at most are marked one by one."""


@dataclass(frozen=True)
class Curve:
    """A named series of (x, y), in the order it is drawn."""

    name: str
    points: Sequence[tuple[float, float]]


def plot(
    curves: Sequence[Curve],
    *,
    summary: str,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
    y_range: tuple[float, float] = (-math.inf, math.inf),
) -> str:
    """The figure, with the names of its curves to the right; points get marks with tooltips where they are few.
    Where it may be `logarithmic` an axis is so whose values span a decade. `summary` is for those who cannot see it."""
    xs = [x for one in curves for x, _ in one.points]
    ys = [y for one in curves for _, y in one.points]
    low, high = y_range
    chart = Panel(
        width=WIDE - MARGIN,
        height=_HIGH,
        x_axis=fit_axis(xs, logarithmic=None if logarithmic else False),
        y_axis=fit_axis(ys, logarithmic=None if logarithmic else False, floor=low, ceiling=high),
        x_label=x_label,
        y_label=y_label,
        right=30 + 7.0 * max(len(one.name) for one in curves),
    )
    drawn = [series(chart, number, "", [one.points], _marked(one)) for number, one in enumerate(curves)]
    names = key(chart, [(number, one.name) for number, one in enumerate(curves)])
    return stacked([chart], [chart.drawn(summary, *drawn, names)])


def _marked(one: Curve) -> list[tuple[float, float, float, str]]:
    radius = 3.0 if len(one.points) <= _FEW else 0.1
    return [(x, y, radius, f"{one.name}: {significant(y, 4)} at {significant(x, 4)}") for x, y in one.points]
