"""Several charts below one another in one SVG file, and series of points joined by lines in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgewise.explaining.chart import WIDE, Chart, label, standalone
from edgewise.explaining.html import NOTHING, Markup, tag
from edgewise.explaining.labels import Box
from edgewise.explaining.marks import mark

__all__ = ["MARGIN", "Panel", "aligned", "key", "series", "stacked"]

MARGIN = 12
"""What the charts are narrower than the file, in px."""

_APART = 14
_LINE = 20


@dataclass(frozen=True)
class Panel(Chart):
    """One chart of several below one another, whose plots begin at one `left`, however long their ticks are."""

    left: float = 0.0

    @property
    def plot(self) -> Box:
        own = super().plot
        return replace(own, left=max(own.left, self.left))


def aligned(panels: Sequence[Panel]) -> list[Panel]:
    """The panels with their plots below one another."""
    left = max(one.plot.left for one in panels)
    return [replace(one, left=left) for one in panels]


def stacked(panels: Sequence[Panel], drawings: Sequence[Markup]) -> str:
    """The SVG file of `panels`, each with its drawing, an `<svg>` of its size."""
    placed: list[Markup] = []
    top = 0.0
    for panel, drawing in zip(panels, drawings, strict=True):
        size = {"width": panel.width, "height": panel.height}
        placed.append(tag("svg", {"x": MARGIN, "y": top, **size}, drawing))
        top += panel.height + _APART
    whole = replace(panels[0], width=WIDE, height=top)
    return standalone(whole, tag("g", None, *placed))


def series(
    chart: Chart,
    number: int,
    name: str,
    runs: Sequence[Sequence[tuple[float, float]]],
    marked: Sequence[tuple[float, float, float, str]],
) -> Markup:
    """One series, in the colour and shape of `number`: lines through the points of each of `runs`, a mark of a radius
    with a tooltip (x, y, radius, said) at every point of `marked`, and `name`, if any, beside the last of them."""
    last = marked[-1]
    return tag(
        "g",
        {"class": f"line hue{number}"},
        *(
            tag("polyline", {"points": " ".join(f"{chart.x(x):.1f},{chart.y(y):.1f}" for x, y in run)})
            for run in runs
            if len(run) > 1
        ),
        *(
            tag("g", None, tag("title", None, said), mark(number, chart.x(x), chart.y(y), radius))
            for x, y, radius, said in marked
        ),
        label(chart.plot.right + 6, chart.y(last[1]) + 4, name, f"hue{number} named") if name else NOTHING,
    )


def key(chart: Chart, names: Sequence[tuple[int, str]]) -> Markup:
    """The names of series, by number, beside their marks to the right of the plot, one below the other: for lines that
    end too close to each other to be named there."""
    left, top = chart.plot.right + 14, chart.plot.top + 8
    rows = [
        tag("g", None, mark(number, left, top + place * _LINE, 5), label(left + 12, top + 4 + place * _LINE, name))
        for place, (number, name) in enumerate(names)
    ]
    return tag("g", None, *rows)
