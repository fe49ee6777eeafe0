"""A scatter plot for accuracy against latency: intervals as bars, a limit as a line, groups by shape and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE, Chart, label, line, responsive
from edgewise.explaining.html import NOTHING, Markup, tag
from edgewise.explaining.labels import FONT, Box, Label, place, shortened, text_width
from edgewise.explaining.marks import assign, legend, mark

__all__ = ["Limit", "Point", "scatter"]

_LANE = 15.0  # px for one group in the strip of points without a y


@dataclass(frozen=True)
class Point:
    """A named point with 95% intervals. Without `y` it is drawn in a strip below the plot, a lane for each group."""

    name: str
    group: str
    x: float
    y: float | None = None
    x_interval: tuple[float, float] | None = None
    y_interval: tuple[float, float] | None = None
    note: str = ""  # what the tooltip says of it
    best: bool = False  # ringed, and its label always shown
    anchor: str = ""  # the place on the page that tells more of it, where a click leads


@dataclass(frozen=True)
class Limit:
    """A value of x that should not be passed, drawn as a line."""

    x: float
    name: str


def scatter(
    points: Sequence[Point],
    *,
    summary: str,
    caption: str,
    x_label: str,
    y_label: str,
    limit: Limit | None = None,
    y_range: tuple[float, float] = (float("-inf"), float("inf")),
    strip_label: str = "without accuracy",
) -> Markup:
    """The figure, drawn for a desk and for a phone, with a legend.

    The x axis is logarithmic when the points and the limit span a factor of ten or more. `y_range` bounds the y axis,
    (0, 100) for per cent. `summary` is what a screen reader says instead of the picture; a table with the same numbers
    belongs beside it.
    """
    numbers = assign(point.group for point in points)

    def draw(width: int) -> Markup:
        return _drawn(points, numbers, width, summary, x_label, y_label, limit, y_range, strip_label)

    return responsive(draw, caption, legend(numbers))


def _drawn(
    points: Sequence[Point],
    numbers: dict[str, int],
    width: int,
    summary: str,
    x_label: str,
    y_label: str,
    limit: Limit | None,
    y_range: tuple[float, float],
    strip_label: str,
) -> Markup:
    above = [point for point in points if point.y is not None]
    below = [point for point in points if point.y is None]
    lanes = assign(point.group for point in below)
    strip = _LANE * len(lanes) + 22 if lanes else 0.0
    xs = [value for point in points for value in (point.x, *(point.x_interval or ()))]
    ys = [value for point in above for value in (point.y, *(point.y_interval or ())) if value is not None]
    chart = Chart(
        width=width,
        height=(440 if width >= WIDE else 330) + strip,
        x_axis=fit_axis([*xs, *([limit.x] if limit else [])], ticks=7 if width >= WIDE else 4),
        y_axis=fit_axis(ys, logarithmic=False, floor=y_range[0], ceiling=y_range[1]),
        x_label=x_label,
        y_label=y_label,
        strip=strip,
    )
    frame = Box(chart.plot.left, chart.plot.top, chart.width, chart.plot.bottom)
    line_label = _limit_label(chart, limit) if limit else None
    obstacles = [
        Box(chart.x(point.x) - 6, chart.y(point.y) - 6, chart.x(point.x) + 6, chart.y(point.y) + 6)
        for point in above
        if point.y is not None
    ]
    names = [
        Label(shortened(point.name), chart.x(point.x), chart.y(point.y), always=point.best)
        for point in sorted(above, key=lambda point: (not point.best, -(point.y or 0.0)))
        if point.y is not None
    ]
    texts = [
        label(box.left, box.bottom - 0.3 * FONT, name.text, "best" if name.always else None)
        for name, box in place(names, [*obstacles, *([line_label[1]] if line_label else [])], frame)
    ]
    return chart.drawn(
        summary,
        _strip(chart, below, lanes, numbers, strip_label) if lanes else NOTHING,
        line_label[0] if line_label else NOTHING,
        *(_point(chart, point, numbers[point.group], chart.y(point.y)) for point in above if point.y is not None),
        *texts,
    )


def _limit_label(chart: Chart, limit: Limit) -> tuple[Markup, Box]:
    """The limit's line with its name at the top, on the side where there is room; and the room the name takes."""
    x, plot = chart.x(limit.x), chart.plot
    width = text_width(limit.name)
    left = x + 6 if x + 6 + width <= chart.width else x - 6 - width
    box = Box(left, plot.top, left + width, plot.top + FONT * 1.3)
    drawn = tag(
        "g",
        {"class": "limit"},
        line(x, plot.top - 6, x, plot.bottom + chart.strip, css="limit"),
        label(left, plot.top + FONT, limit.name),
    )
    return drawn, box


def _point(chart: Chart, point: Point, number: int, y: float) -> Markup:
    x = chart.x(point.x)
    bars: list[Markup] = []
    if point.x_interval:
        low, high = (chart.x(value) for value in point.x_interval)
        bars += [
            line(low, y, high, y, "interval"),
            line(low, y - 3, low, y + 3, "interval"),
            line(high, y - 3, high, y + 3, "interval"),
        ]
    if point.y_interval and point.y is not None:
        low, high = (chart.y(value) for value in point.y_interval)
        bars += [
            line(x, low, x, high, "interval"),
            line(x - 3, low, x + 3, low, "interval"),
            line(x - 3, high, x + 3, high, "interval"),
        ]
    ring = tag("circle", {"class": "ring", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 11}) if point.best else NOTHING
    title = tag("title", None, f"{point.name} ({point.group}){': ' if point.note else ''}{point.note}")
    drawn = tag("g", {"class": f"hue{number % 7}"}, title, *bars, ring, mark(number, x, y, 5))
    return tag("a", {"href": f"#{point.anchor}"}, drawn) if point.anchor else drawn


def _strip(chart: Chart, points: Sequence[Point], lanes: dict[str, int], numbers: dict[str, int], name: str) -> Markup:
    top = chart.plot.bottom
    drawn = [
        _point(chart, point, numbers[point.group], top + 22 + _LANE * lanes[point.group] + _LANE / 2 - 2)
        for point in points
    ]
    return tag(
        "g",
        {"class": "strip"},
        line(chart.plot.left, top, chart.plot.right, top, "axis"),
        *drawn,
        label(chart.plot.left + 2, top + 14, name, "quiet"),
    )
