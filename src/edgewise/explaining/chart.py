"""What every chart has: a plot with two axes, grid lines and headings, drawn once for a desk and once for a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgewise.explaining.axis import Axis, Tick
from edgewise.explaining.html import NOTHING, Markup, stylesheet, tag
from edgewise.explaining.labels import Box

__all__ = ["NARROW", "WIDE", "Chart", "label", "line", "responsive", "standalone"]

# In CSS pixels. Text keeps its size in both; scaling one drawing down would make it unreadable on a phone.
WIDE, NARROW = 820, 350


@dataclass(frozen=True)
class Chart:
    """A plot of `width` by `height` px (with its margins) in which `x` and `y` place values in pixels."""

    width: float
    height: float
    x_axis: Axis
    y_axis: Axis
    x_label: str
    y_label: str
    strip: float = 0.0  # px kept free between the plot and the ticks of the x axis
    right: float = 14.0  # px kept free at the right of the plot

    @property
    def plot(self) -> Box:
        """The rectangle in which values are drawn."""
        gutter = 14 + 7.2 * max((len(tick.label) for tick in self.y_axis.ticks), default=1)
        return Box(gutter, 30, self.width - self.right, self.height - self.strip - 46)

    def x(self, value: float) -> float:
        return self.plot.left + self.x_axis.share(value) * (self.plot.right - self.plot.left)

    def y(self, value: float) -> float:
        return self.plot.bottom - self.y_axis.share(value) * (self.plot.bottom - self.plot.top)

    def drawn(self, summary: str, *content: Markup, css: str = "") -> Markup:
        """The `<svg>` with axes behind `content`; `summary` is what a screen reader says of the picture."""
        attributes = {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {self.width:g} {self.height:g}",
            "class": f"chart {css}".strip(),
            "role": "img",
            "aria-label": summary,
        }
        return tag("svg", attributes, *self._axes(), *content)

    def _axes(self) -> list[Markup]:
        plot, floor = self.plot, self.plot.bottom + self.strip
        parts = [label(0, 16, self.y_label, css="heading")]
        for tick in self.y_axis.ticks:
            y = self.y(tick.value)
            parts.append(line(plot.left, y, plot.right, y, css="grid"))
            parts.append(label(plot.left - 7, y + 4, tick.label, anchor="end"))
        for tick in self._spaced_ticks():
            x = self.x(tick.value)
            parts.append(line(x, plot.top, x, floor, css="grid"))
            parts.append(label(x, floor + 17, tick.label, anchor="middle"))
        parts.append(line(plot.left, floor, plot.right, floor, css="axis"))
        scale = ", logarithmic scale" if self.x_axis.logarithmic else ""
        parts.append(label((plot.left + plot.right) / 2, floor + 38, self.x_label + scale, "heading", "middle"))
        return parts

    def _spaced_ticks(self) -> list[Tick]:
        """The ticks of the x axis whose labels do not run into the one before."""
        kept: list[Tick] = []
        free_from = -1.0
        for tick in self.x_axis.ticks:
            half = 3.6 * len(tick.label) + 3
            if self.x(tick.value) - half >= free_from:
                kept.append(tick)
                free_from = self.x(tick.value) + half
        return kept


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """A straight SVG line."""
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    return tag("line", {"class": css, **ends})


def label(x: float, y: float, written: str, css: str | None = None, anchor: str = "start") -> Markup:
    """An SVG text with its baseline at `y`."""
    attributes = {"class": css, "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    return tag("text", attributes, written)


def responsive(draw: Callable[[int], Markup], caption: str, *below: Markup) -> Markup:
    """A figure drawn at two widths, of which the style sheet shows the one that fits; `below` stands under it."""
    both = [tag("div", {"class": css}, draw(width)) for css, width in (("wide", WIDE), ("narrow", NARROW))]
    return tag("figure", None, *both, *below, tag("figcaption", None, caption) if caption else NOTHING)


def standalone(chart: Chart, drawing: Markup) -> str:
    """An SVG file of its own around the `drawing` of `chart`: with the colours, a font, and paper beneath."""
    size = {"width": f"{chart.width:g}", "height": f"{chart.height:g}"}
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {chart.width:g} {chart.height:g}",
        **size,
        "font-family": "system-ui, Roboto, 'Liberation Sans', Arial, sans-serif",
        "font-size": "12",
    }
    # What the style sheet says is repeated where a viewer that knows no variables would paint black on black.
    paper = tag("rect", {"class": "sheet", "fill": "#ffffff", **size})
    return f"{tag('svg', attributes, tag('style', None, Markup(stylesheet('chart'))), paper, drawing)}\n"
