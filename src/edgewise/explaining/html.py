"""A small, safe builder of HTML: text is escaped unless it is `Markup`, and a page is one file that loads nothing.

What it writes is also well-formed XML (every element is closed), so a test can parse a report with a strict parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

__all__ = ["NOTHING", "Markup", "Section", "page", "stylesheet", "tag", "text"]

# Not allowed in XML 1.0, or able to reorder the text around them: bidirectional overrides in a file name can make
# "exe.gnp" of "png.exe". Names that are written from right to left do not need them.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_VOID = frozenset({"br", "hr", "img", "link", "meta", "col"})
# With this a browser refuses whatever would leave the page, even if something hostile got past the escaping.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

Content = str | int | float | None


class Markup(str):
    """A string that is HTML already. Only functions that escape what they were given make one."""

    __slots__ = ()


NOTHING = Markup("")


def text(value: Content) -> Markup:
    """`value` as HTML: `Markup` as it is, `None` as nothing, all else escaped for use in text and attributes.

    Characters that XML forbids, lone surrogates (undecodable file names) and bidirectional overrides become U+FFFD.
    """
    if isinstance(value, Markup):
        return value
    return NOTHING if value is None else Markup(escape(_UNFIT.sub("\ufffd", str(value)), quote=True))


def tag(name: str, attributes: Mapping[str, Content] | None = None, *children: Content) -> Markup:
    """One element. An attribute that is `None` is left out; children that are not `Markup` are escaped."""
    written = "".join(f' {key}="{text(str(value))}"' for key, value in (attributes or {}).items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(text(child) for child in children)}</{name}>")


def stylesheet(name: str) -> str:
    """The style sheet `name`: "chart" for colours and charts, wherever they stand; "page" for the rest of a page."""
    return files("edgewise.explaining").joinpath(f"{name}.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading of its own, reachable from the list of contents as `#anchor`."""

    anchor: str
    heading: str
    body: Markup


def page(title: str, introduction: Markup, sections: Sequence[Section]) -> str:
    """A whole HTML document: title, introduction, list of contents, sections. No script, no request to anywhere."""
    style = stylesheet("chart") + stylesheet("page")
    head = tag(
        "head",
        None,
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        tag("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        tag("meta", {"name": "color-scheme", "content": "light dark"}),
        tag("title", None, title),
        tag("style", None, Markup(style)),
    )
    contents = [tag("li", None, tag("a", {"href": f"#{section.anchor}"}, section.heading)) for section in sections]
    body = tag(
        "body",
        None,
        tag("a", {"class": "skip", "href": "#content"}, "Skip to the content"),
        tag("header", None, tag("h1", None, title), introduction),
        tag("nav", {"aria-label": "Contents"}, tag("ul", None, *contents)),
        tag("main", {"id": "content"}, *(_section(section) for section in sections)),
    )
    return f"<!DOCTYPE html>\n{tag('html', {'lang': 'en'}, head, body)}\n"


def _section(section: Section) -> Markup:
    heading = f"{section.anchor}-heading"
    return tag(
        "section",
        {"id": section.anchor, "aria-labelledby": heading},
        tag("h2", {"id": heading}, section.heading),
        section.body,
    )
