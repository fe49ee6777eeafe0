"""Bars of parts: how wholes are made up of the same kinds, one under the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from edgewise.explaining.axis import Axis, Tick, fit_axis
from edgewise.explaining.chart import WIDE, label
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.labels import text_width
from edgewise.explaining.panels import MARGIN, Panel, key, stacked

__all__ = ["Whole", "shares_figure"]

_PITCH, _THICK = 24, 16
_WRITTEN = 8.0
"""Per cent from which on a part has room for its own figure."""


@dataclass(frozen=True)
class Whole:
    """A name, and how much there is of each kind; all have the same kinds in the same order."""

    name: str
    parts: Mapping[str, float]


def shares_figure(wholes: Sequence[Whole], *, summary: str, heading: str) -> str:
    """A whole SVG file with a bar of 100% for each of `wholes`, the first one on top, and a legend of the kinds."""
    last = len(wholes) - 1
    names = tuple(Tick(last - index, one.name) for index, one in enumerate(wholes))
    kinds = list(wholes[0].parts)
    chart = Panel(
        width=WIDE - MARGIN,
        height=76 + _PITCH * len(wholes),
        x_axis=fit_axis([0.0, 100.0], logarithmic=False, floor=0.0, ceiling=100.0),
        y_axis=Axis(-0.5, last + 0.5, False, names),
        x_label=heading,
        y_label="",
        right=40 + max(text_width(kind) for kind in kinds),
    )
    bars = [_bar(chart, one, chart.y(last - index)) for index, one in enumerate(wholes)]
    return stacked([chart], [chart.drawn(summary, *bars, key(chart, list(enumerate(kinds))))])


def _bar(chart: Panel, one: Whole, y: float) -> Markup:
    total = sum(one.parts.values())
    shares = [100 * part / total for part in one.parts.values()]
    begins = [0.0, *accumulate(shares)]
    return tag(
        "g",
        None,
        *(
            _part(chart, f"{one.name}: {share:.1f}% {kind}", number, begin, share, y)
            for number, (kind, begin, share) in enumerate(zip(one.parts, begins, shares, strict=False))
            if share
        ),
    )


def _part(chart: Panel, said: str, number: int, begin: float, share: float, y: float) -> Markup:
    left, right = chart.x(begin), chart.x(begin + share)
    box = {
        "class": f"mark hue{number}",
        "x": f"{left:.1f}",
        "y": f"{y - _THICK / 2:.1f}",
        "width": f"{right - left:.1f}",
        "height": _THICK,
    }
    written = label((left + right) / 2, y + 4, f"{share:.0f}", "inside", "middle") if share >= _WRITTEN else None
    return tag("g", None, tag("rect", box, tag("title", None, said)), written)
