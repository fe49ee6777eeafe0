"""Bars: what each row of a network takes, one under the other in the order of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.explaining.axis import Axis, Tick, fit_axis
from edgewise.explaining.chart import WIDE, Chart, label, standalone
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.labels import shortened, text_width

__all__ = ["Bar", "bar_figure"]

_PITCH = 20  # px from one bar to the next
_THICK = 13
_LONGEST_NAME = 26


@dataclass(frozen=True)
class Bar:
    """A name, a value that is not negative, and how the value is written at the bar's end."""

    name: str
    value: float
    written: str


def bar_figure(bars: Sequence[Bar], *, summary: str, heading: str, x_label: str, hue: int = 0) -> str:
    """A whole SVG file with a bar for each of `bars`, the first one on top; `summary` is for those who cannot see it.

    Raises ValueError when there are no bars.
    """
    if not bars:
        raise ValueError("a figure without bars shows nothing")
    last = len(bars) - 1
    names = tuple(Tick(last - index, shortened(bar.name, _LONGEST_NAME)) for index, bar in enumerate(bars))
    chart = Chart(
        width=WIDE,
        height=76 + _PITCH * len(bars),
        x_axis=fit_axis([0.0, *(bar.value for bar in bars)], logarithmic=False, floor=0.0),
        y_axis=Axis(-0.5, last + 0.5, False, names),
        x_label=x_label,
        y_label=heading,
        right=14 + max(text_width(bar.written) for bar in bars),
    )
    drawn = [_drawn(chart, bar, chart.y(last - index), hue) for index, bar in enumerate(bars)]
    return standalone(chart, chart.drawn(summary, *drawn))


def _drawn(chart: Chart, bar: Bar, y: float, hue: int) -> Markup:
    end = chart.x(bar.value)
    box = {
        "class": f"mark hue{hue}",
        "x": f"{chart.plot.left:.1f}",
        "y": f"{y - _THICK / 2:.1f}",
        "width": f"{end - chart.plot.left:.1f}",
        "height": _THICK,
    }
    title = tag("title", None, f"{bar.name}: {bar.written}")
    return tag("g", None, tag("rect", box, title), label(end + 5, y + 4, bar.written))
