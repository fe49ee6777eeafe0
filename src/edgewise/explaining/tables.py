"""Tables: numbers to the right with digits of one width, a caption, row headings, and a frame that scrolls alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgewise.explaining.formats import UNKNOWN, per_cent
from edgewise.explaining.html import Content, Markup, tag, text

__all__ = ["Column", "facts", "folded", "scrolling", "share_bar", "table"]


@dataclass(frozen=True)
class Column:
    """A column's heading, whether it holds numbers (then it is aligned right), and a longer explanation of it."""

    title: str
    numeric: bool = False
    hint: str | None = None


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Content]],
    *,
    caption: str,
    marked: Collection[int] = (),
    total: Sequence[Content] | None = None,
    anchors: Sequence[str] = (),
) -> Markup:
    """A table whose first column heads its rows. Cells are written already; `None` becomes a dash.

    `marked` are the indices of rows to set off (in bold, with a bar at the side); `total` is a last row of sums;
    `anchors` are what links call the rows.

    Raises ValueError when a row has another number of cells than there are columns.
    """
    header = [
        tag("th", {"scope": "col", "class": "number" if column.numeric else None, "title": column.hint}, column.title)
        for column in columns
    ]
    body = [
        tag(
            "tr",
            {"class": "marked" if index in marked else None, "id": anchors[index] if anchors else None},
            *_cells(columns, row),
        )
        for index, row in enumerate(rows)
    ]
    foot = Markup("") if total is None else tag("tfoot", None, tag("tr", None, *_cells(columns, total)))
    content = tag(
        "table",
        None,
        tag("caption", None, caption),
        tag("thead", None, tag("tr", None, *header)),
        tag("tbody", None, *body),
        foot,
    )
    return scrolling(content, caption)


def _cells(columns: Sequence[Column], row: Sequence[Content]) -> list[Markup]:
    if len(row) != len(columns):
        raise ValueError(f"a row of {len(row)} cells in a table of {len(columns)} columns: {row!r}")
    written = [UNKNOWN if cell is None else cell for cell in row]
    kinds = ["number" if column.numeric else None for column in columns]
    first = tag("th", {"scope": "row", "class": kinds[0]}, written[0])
    return [first, *(tag("td", {"class": kind}, cell) for kind, cell in zip(kinds[1:], written[1:], strict=True))]


def scrolling(content: Markup, label: str) -> Markup:
    """A frame that scrolls sideways by itself, by keyboard too, so that a wide table never widens the page."""
    return tag("div", {"class": "scroll", "role": "region", "tabindex": 0, "aria-label": label}, content)


def share_bar(share: float, hue: int = 0) -> Markup:
    """A share of one in per cent, and as a bar below."""
    style = f"width:{100 * min(share, 1.0):.1f}%"
    bar = tag("span", {"class": f"share hue{hue}", "style": style, "aria-hidden": "true"})
    return tag("span", {"class": "bar"}, bar, per_cent(share))


def facts(items: Mapping[str, object]) -> Markup:
    """Names and values as a description list; a mapping inside becomes a list inside, a sequence a comma list."""
    parts: list[Markup] = []
    for name, value in items.items():
        shown = facts(value) if isinstance(value, Mapping) and value else _plain(value)
        parts.append(tag("div", None, tag("dt", None, name.replace("_", " ")), tag("dd", None, shown)))
    return tag("dl", None, *parts)


def _plain(value: object) -> Markup:
    if value is None or (isinstance(value, (str, Mapping)) and not value):
        return text(UNKNOWN)
    if isinstance(value, bool):
        return text("yes" if value else "no")
    if isinstance(value, (list, tuple)):
        return text(", ".join(str(item) for item in value) or UNKNOWN)
    return text(f"{value:,}" if isinstance(value, int) else str(value))


def folded(summary: str, content: Markup) -> Markup:
    """Content behind a line that opens it; printed open."""
    return tag("details", None, tag("summary", None, summary), content)
