"""A drawing without axes: a part of a page, or an SVG file of its own."""

from __future__ import annotations

from edgewise.explaining.html import Markup, stylesheet, tag

__all__ = ["inset", "sheet"]


def sheet(width: float, height: float, summary: str, *parts: Markup, css: str = "") -> str:
    """`parts` on paper of `width` × `height` px; `summary` is for those who cannot see it."""
    size = {"width": f"{width:g}", "height": f"{height:g}"}
    font = {"font-family": "system-ui, Roboto, 'Liberation Sans', Arial, sans-serif", "font-size": "12"}
    # What the style sheet says is repeated where a viewer that knows no variables would paint black on black.
    paper = tag("rect", {"class": "sheet", "fill": "#ffffff", **size})
    style = tag("style", None, Markup(stylesheet("chart")))
    return f"{tag('svg', {**_attributes(width, height, summary, css), **size, **font}, style, paper, *parts)}\n"


def inset(width: float, height: float, summary: str, *parts: Markup, css: str = "") -> Markup:
    """The same as a part of a page, which has the style sheet: as large as it is drawn, smaller where that is too
    wide."""
    attributes = _attributes(width, height, summary, css)
    return tag("svg", {**attributes, "style": f"max-width:{width:g}px"}, *parts)


def _attributes(width: float, height: float, summary: str, css: str) -> dict[str, str]:
    return {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width:g} {height:g}",
        "class": f"chart {css}".strip(),
        "role": "img",
        "aria-label": summary,
    }
