"""A roofline (Williams et al., 2009): what layers reach, under what the device's arithmetic and memory allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE, Chart, label, line, responsive
from edgewise.explaining.formats import count, measured_bytes, significant
from edgewise.explaining.html import NOTHING, Markup, tag
from edgewise.explaining.layers import Ceilings, Layer, Store
from edgewise.explaining.marks import assign, legend, mark

__all__ = ["roofline"]

_ALIKE = 0.05
_LEAST, _MOST = 2.5, 9.0  # px, the radii of marks; areas go with time


def roofline(layers: Sequence[Layer], ceilings: Ceilings, name: str) -> Markup:
    """The figure for the layers that have multiply-adds, nothing where none has: a mark each, the larger the longer it
    takes."""
    shown = sorted((one for one in layers if one.multiply_adds and one.us > 0), key=lambda one: -one.us)
    if not shown:
        return NOTHING
    numbers = assign(one.kind.partition(" ")[0] for one in shown)
    summary = (
        f"The layers of {name}: multiply-adds a second over multiply-adds per byte, under what the device's arithmetic "
        "and memory allow. The table below has the same numbers by row."
    )
    caption = (
        "A layer to the left of where a slanted line meets the level one waits for that memory, whatever its "
        "arithmetic; one far below all "
        "lines for something else. Larger marks take longer."
    )

    def draw(width: int) -> Markup:
        return _drawn(shown, numbers, ceilings, width, summary)

    return responsive(draw, caption, legend(numbers))


def _drawn(layers: Sequence[Layer], numbers: dict[str, int], ceilings: Ceilings, width: int, summary: str) -> Markup:
    peak = ceilings.multiply_adds_per_second / 1e9
    xs = [one.intensity for one in layers]
    ridge = max(peak * 1e9 / one.bytes_per_second for one in ceilings.stores)
    chart = Chart(
        width=width,
        height=430 if width >= WIDE else 330,
        x_axis=fit_axis([*xs, ridge], logarithmic=True, ticks=7 if width >= WIDE else 4),
        y_axis=fit_axis([*(one.rate / 1e9 for one in layers), peak], logarithmic=True),
        x_label="multiply-adds per byte",
        y_label="G multiply-adds a second",
    )
    longest = max(one.us for one in layers)
    return chart.drawn(
        summary,
        *(_slope(chart, one, peak) for one in _apart(ceilings.stores)),
        _level(chart, peak),
        *(_mark(chart, one, numbers[one.kind.partition(" ")[0]], longest) for one in layers),
    )


def _level(chart: Chart, peak: float) -> Markup:
    y = chart.y(peak)
    said = f"arithmetic: {significant(peak)} G"
    return tag(
        "g",
        {"class": "limit"},
        line(chart.plot.left, y, chart.plot.right, y, css="limit"),
        label(chart.plot.left + 4, y - 6, said),
    )


def _apart(stores: Sequence[Store]) -> list[Store]:
    """Those that are about as fast as another under one name: their lines lie on each other."""
    found: list[Store] = []
    for one in stores:
        if found and abs(one.bytes_per_second / found[-1].bytes_per_second - 1) < _ALIKE:
            found[-1] = replace(found[-1], name=f"{found[-1].name}, {one.name}")
        else:
            found.append(one)
    return found


def _slope(chart: Chart, store: Store, peak: float) -> Markup:
    """Bytes a second as a line: multiply-adds a second are so many times multiply-adds per byte."""
    rate = store.bytes_per_second / 1e9
    begin = max(chart.x_axis.low, chart.y_axis.low / rate)
    end = min(chart.x_axis.high, peak / rate)
    if begin >= end:
        return tag("g", None)
    low, high = (begin, rate * begin), (end, rate * end)
    return tag(
        "g",
        {"class": "limit"},
        line(chart.x(low[0]), chart.y(low[1]), chart.x(high[0]), chart.y(high[1]), css="limit"),
        *_named(chart, low, store.name),
    )


def _named(chart: Chart, at: tuple[float, float], name: str) -> list[Markup]:
    """The name at the lower end, where lines of different memories are furthest from each other."""
    return [label(chart.x(at[0]) + 4, chart.y(at[1]) - 4, name)]


def _mark(chart: Chart, one: Layer, number: int, longest: float) -> Markup:
    radius = max(_LEAST, _MOST * (one.us / longest) ** 0.5)
    said = (
        f"{one.name}, {one.kind}: {significant(one.rate / 1e9)} G multiply-adds a second, "
        f"{count(one.multiply_adds)} of them in {significant(one.us)} µs, {measured_bytes(one.moved)} moved"
    )
    x, y = chart.x(one.intensity), chart.y(one.rate / 1e9)
    return tag("g", {"class": f"hue{number % 7}"}, tag("title", None, said), mark(number, x, y, radius))
