"""A drawing without axes as an SVG file of its own."""

from __future__ import annotations

from edgewise.explain.html import Markup, stylesheet, tag

__all__ = ["sheet"]


def sheet(width: float, height: float, summary: str, *parts: Markup, css: str = "") -> str:
    """`parts` on paper of `width` × `height` px; `summary` is for those who cannot see it."""
    size = {"width": f"{width:g}", "height": f"{height:g}"}
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width:g} {height:g}",
        **size,
        "class": f"chart {css}".strip(),
        "role": "img",
        "aria-label": summary,
        "font-family": "system-ui, Roboto, 'Liberation Sans', Arial, sans-serif",
        "font-size": "12",
    }
    # What the style sheet says is repeated where a viewer that knows no variables would paint black on black.
    paper = tag("rect", {"class": "sheet", "fill": "#ffffff", **size})
    return f"{tag('svg', attributes, tag('style', None, Markup(stylesheet('chart'))), paper, *parts)}\n"
