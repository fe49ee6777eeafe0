"""The staircase, drawn: time over width for every quantum of a profile, as one SVG file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.devices.profile import Quantum, SweptWidth
from edgewise.errors import EdgewiseError
from edgewise.explain.axis import Axis, Tick, fit_axis
from edgewise.explain.chart import WIDE, Chart, label, standalone
from edgewise.explain.html import Markup, tag
from edgewise.explain.labels import Box
from edgewise.explain.marks import mark
from edgewise.files import write_text

_HIGH, _APART, _MARGIN = 260, 14, 12
_FEWEST_TICKS = 16
_FURTHEST = 4
"""How many channels more than the smallest gap of a sweep a line crosses; beyond, nobody knows the times between."""


@dataclass(frozen=True)
class _Panel(Chart):
    """One chart of several below one another, whose plots begin at one `left`, however long their ticks are."""

    left: float = 0.0

    @property
    def plot(self) -> Box:
        own = super().plot
        return replace(own, left=max(own.left, self.left))


def check_figure(path: Path) -> None:
    """Raises `EdgewiseError` when `path` is no name for an SVG."""
    if path.suffix != ".svg":
        raise EdgewiseError(f"a figure is an SVG file, and {path} is named otherwise; let its name end in .svg")


def write_staircases(quanta: Sequence[Quantum], path: Path) -> None:
    """Writes a chart for each of `quanta` below one another. Raises `EdgewiseError` when there are none, or `path` is
    no name for an SVG."""
    if not quanta:
        raise EdgewiseError(f"there is no quantum to draw in {path}; measure a runtime that is installed")
    check_figure(path)
    charts = _charts(quanta)
    placed = [
        tag(
            "svg",
            {"x": _MARGIN, "y": index * (_HIGH + _APART), "width": WIDE - _MARGIN, "height": _HIGH},
            chart.drawn(_summary(one), *_series(chart, one)),
        )
        for index, (one, chart) in enumerate(zip(quanta, charts, strict=True))
    ]
    whole = replace(charts[0], width=WIDE, height=len(charts) * (_HIGH + _APART))
    write_text(path, standalone(whole, tag("g", None, *placed)))


def _charts(quanta: Sequence[Quantum]) -> list[_Panel]:
    """A panel for each, channels below channels."""
    charts = [_chart(one) for one in quanta]
    left = max(one.plot.left for one in charts)
    return [replace(one, left=left) for one in charts]


def _chart(one: Quantum) -> _Panel:
    widths = [swept.width for swept in one.sweep]
    every = max(one.channels, _FEWEST_TICKS)
    first = -(-min(widths) // every) * every
    ticks = tuple(Tick(width, str(width)) for width in range(first, max(widths) + 1, every))
    return _Panel(
        width=WIDE - _MARGIN,
        height=_HIGH,
        x_axis=Axis(min(widths) - 1, max(widths) + 1, False, ticks),
        y_axis=fit_axis([swept.us for swept in one.sweep], logarithmic=False, floor=0.0, ticks=5),
        x_label="channels",
        y_label=f"{one.runtime} {one.precision}, {one.kind}: µs, steps of {one.channels}",
        right=92,
    )


def _summary(one: Quantum) -> str:
    slower = "" if one.penalty is None else f", widths between take {one.penalty:.2f} times the next multiple's time"
    return (
        f"Time over width of {one.kind} convolutions in {one.runtime} {one.precision}: "
        f"a staircase with steps of {one.channels} channels{slower}"
    )


def _series(chart: Chart, one: Quantum) -> list[Markup]:
    """For each map: widths that are close joined in order, a large mark at each multiple of the quantum."""
    sides = dict.fromkeys(swept.side for swept in one.sweep)
    drawn = []
    for number, side in enumerate(sides):
        swept = sorted((point for point in one.sweep if point.side == side), key=lambda point: point.width)
        drawn.append(
            tag(
                "g",
                {"class": f"line hue{number}"},
                *(_joined(chart, run) for run in _runs(swept) if len(run) > 1),
                *(_marked(chart, point, number, one.channels) for point in swept),
                label(chart.plot.right + 6, chart.y(swept[-1].us) + 4, f"{side}×{side} map", f"hue{number} named"),
            )
        )
    return drawn


def _runs(swept: Sequence[SweptWidth]) -> list[list[SweptWidth]]:
    """The widths in order, apart where none between was measured."""
    gaps = [after.width - before.width for before, after in itertools.pairwise(swept)]
    runs = [[swept[0]]]
    for gap, point in zip(gaps, swept[1:], strict=True):
        if gap > min(gaps) + _FURTHEST:
            runs.append([])
        runs[-1].append(point)
    return runs


def _joined(chart: Chart, run: Sequence[SweptWidth]) -> Markup:
    return tag("polyline", {"points": " ".join(f"{chart.x(one.width):.1f},{chart.y(one.us):.1f}" for one in run)})


def _marked(chart: Chart, point: SweptWidth, number: int, quantum: int) -> Markup:
    title = tag("title", None, f"{point.width} channels, {point.side}×{point.side}: {point.us:.1f} µs")
    radius = 2.0 if point.width % quantum else 4.5
    return tag("g", None, title, mark(number, chart.x(point.width), chart.y(point.us), radius))
