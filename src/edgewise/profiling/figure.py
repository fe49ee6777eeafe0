"""The staircase, drawn: time over width for every quantum of a profile, as one SVG file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from edgewise.devices.profile import Quantum, SweptWidth
from edgewise.errors import EdgewiseError
from edgewise.explaining.axis import Axis, Tick, fit_axis
from edgewise.explaining.chart import WIDE, Chart
from edgewise.explaining.html import Markup
from edgewise.explaining.panels import MARGIN, Panel, aligned, series, stacked
from edgewise.files import write_text

_HIGH = 260
_FEWEST_TICKS = 16
_FURTHEST = 4
"""How many channels more than the smallest gap of a sweep a line crosses; beyond, nobody knows the times between."""


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
    charts = aligned([_chart(one) for one in quanta])
    write_text(
        path,
        stacked(
            charts,
            [chart.drawn(_summary(one), *_series(chart, one)) for one, chart in zip(quanta, charts, strict=True)],
        ),
    )


def _chart(one: Quantum) -> Panel:
    widths = [swept.width for swept in one.sweep]
    every = max(one.channels, _FEWEST_TICKS)
    first = -(-min(widths) // every) * every
    ticks = tuple(Tick(width, str(width)) for width in range(first, max(widths) + 1, every))
    return Panel(
        width=WIDE - MARGIN,
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
        lines = [[(float(point.width), point.us) for point in run] for run in _runs(swept)]
        marked = [
            (
                float(point.width),
                point.us,
                2.0 if point.width % one.channels else 4.5,
                f"{point.width} channels, {side}×{side}: {point.us:.1f} µs",
            )
            for point in swept
        ]
        drawn.append(series(chart, number, f"{side}×{side} map", lines, marked))
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
