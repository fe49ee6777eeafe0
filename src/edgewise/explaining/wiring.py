"""Wiring pictures: a stretch of rows as nodes and lines, once along the channels and once along the width of the map.

Every column is a value, every dot a channel of it (or a position), every line what a layer reads. Lines are grey, those
that reach the middle output are coloured. Norms, activations and slices change no wire and have no column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edgewise.explaining.chart import WIDE, label, line, responsive
from edgewise.explaining.connectivity import Connectivity, composed
from edgewise.explaining.formats import count
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.sheet import inset, sheet
from edgewise.explaining.wires import Wires
from edgewise.graph import Node, ops

__all__ = ["lines_add_up", "wiring", "wiring_figure"]

_DOT, _STEP, _COLUMN, _GAP = 3.5, 15.0, 92.0, 34.0
_WIDEST, _LONG = 1.5 * WIDE, 600.0
_LETTER = 7.5
_TOP, _MARGIN, _BOTTOM, _SIDE, _BETWEEN = 34.0, 28.0, 62.0, 40.0, 64.0

_UNSEEN = (ops.BatchNorm, ops.Activation, ops.Dropout, ops.Slice, ops.Flatten, ops.LocalResponseNorm)


@dataclass(frozen=True)
class _Link:
    """The wires from one drawn node to another, and whether they are multiplied or only passed on."""

    source: int
    target: int
    wires: Wires
    weighted: bool


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Where everything stands. `along` says which wires are drawn: "channels" or "positions"."""

    made: Connectivity
    along: str

    @cached_property
    def shown(self) -> list[int]:
        """The nodes that have a column: all but those that change no wire, the last of them included."""
        nodes = self.made.graph.nodes
        end = self.made.graph.outputs["output"]
        while isinstance(nodes[end].op, _UNSEEN) and nodes[end].shape == nodes[nodes[end].inputs[0]].shape:
            (end,) = nodes[end].inputs
        return [index for index in range(end + 1) if index == end or not isinstance(nodes[index].op, _UNSEEN)]

    @cached_property
    def links(self) -> list[_Link]:
        nodes = self.made.graph.nodes
        found: list[_Link] = []
        for target in self.shown:
            weighted = isinstance(nodes[target].op, ops.Convolution | ops.Linear)
            for source, own in zip(nodes[target].inputs, self.made.wires(target), strict=True):
                begin, through = self._behind(source)
                wires = Wires(composed(own.channels, through.channels), composed(own.positions, through.positions))
                found.append(_Link(begin, target, wires, weighted))
        return found

    def _behind(self, index: int) -> tuple[int, Wires]:
        """The drawn node that a value comes from, and the wires from there."""
        if index in self.shown:
            return index, self.made.reach(index, index)
        (source,) = self.made.graph.nodes[index].inputs
        begin, through = self._behind(source)
        (own,) = self.made.wires(index)
        return begin, Wires(composed(own.channels, through.channels), composed(own.positions, through.positions))

    @cached_property
    def columns(self) -> dict[int, int]:
        """As far from the input as the longest way there."""
        found: dict[int, int] = {}
        for index in self.shown:
            found[index] = max((1 + found[one.source] for one in self.links if one.target == index), default=0)
        return found

    def dots(self, index: int) -> int:
        shape = self.made.graph.nodes[index].shape
        return shape[0] if self.along == "channels" else (shape[2] if len(shape) == 3 else 1)

    @cached_property
    def tops(self) -> dict[int, float]:
        """Where each node's first dot stands: those of one column below each other, all columns about one middle."""
        found: dict[int, float] = {}
        for column in range(max(self.columns.values()) + 1):
            own = [index for index in self.shown if self.columns[index] == column]
            top = (self.height - self._tall(own)) / 2
            for index in own:
                found[index] = top
                top += self.dots(index) * _STEP + _GAP
        return found

    @cached_property
    def height(self) -> float:
        by_column = [
            [index for index in self.shown if self.columns[index] == column]
            for column in range(max(self.columns.values()) + 1)
        ]
        return max(self._tall(own) for own in by_column)

    @property
    def width(self) -> float:
        return _COLUMN * max(self.columns.values())

    @property
    def beyond(self) -> float:
        """How far the last column's name reaches beyond its dots."""
        return max(0.0, len(_said(self.made.graph.nodes[self.shown[-1]])) * _LETTER / 2 - _LETTER)

    def _tall(self, own: Sequence[int]) -> float:
        return sum(self.dots(index) * _STEP for index in own) + _GAP * (len(own) - 1)

    def place(self, index: int, dot: int) -> tuple[float, float]:
        return self.columns[index] * _COLUMN, self.tops[index] + (dot + 0.5) * _STEP

    @cached_property
    def reaching(self) -> dict[int, np.ndarray]:
        """Of every drawn node the dots that reach the middle one of the output."""
        end = self.shown[-1]
        found = {index: np.zeros(self.dots(index), bool) for index in self.shown}
        found[end][self.dots(end) // 2] = True
        for link in reversed(self.links):
            read = self._matrix(link)[found[link.target]].any(0)
            found[link.source] |= read
        return found

    def _matrix(self, link: _Link) -> np.ndarray:
        return link.wires.channels if self.along == "channels" else link.wires.positions

    def drawn(self) -> list[Markup]:
        grey: list[Markup] = []
        bright: list[Markup] = []
        for link in self.links:
            matrix = self._matrix(link)
            for target, source in np.argwhere(matrix).tolist():
                marked = self.reaching[link.target][target] and self.reaching[link.source][source]
                (bright if marked else grey).append(self._line(link, target, source))
        dots = [self._dot(index, dot) for index in self.shown for dot in range(self.dots(index))]
        names = [self._name(index) for index in self.shown]
        return [
            tag("g", {"class": "wires"}, *grey),
            tag("g", {"class": "wires reaching"}, *bright),
            tag("g", {"class": "dots"}, *dots),
            tag("g", {"class": "quiet"}, *names),
        ]

    def _line(self, link: _Link, target: int, source: int) -> Markup:
        (x1, y1), (x2, y2) = self.place(link.source, source), self.place(link.target, target)
        css = None if link.weighted else "passed"
        if self.columns[link.target] - self.columns[link.source] == 1:
            return line(x1, y1, x2, y2, css or "weighted")
        bow = self._bow(link)
        way = (
            f"M{x1:.1f},{y1:.1f} C{x1 + _COLUMN:.1f},{y1 - bow:.1f} {x2 - _COLUMN:.1f},{y2 - bow:.1f} {x2:.1f},{y2:.1f}"
        )
        return tag("path", {"class": css or "weighted", "d": way})

    def _bow(self, link: _Link) -> float:
        """How far the way of what is passed over other columns is bent."""
        return self.height / 2 + 0.35 * _STEP * (self.columns[link.target] - self.columns[link.source])

    @cached_property
    def above(self) -> float:
        """What the bent ways need above the dots; a way rises to three quarters of its bend."""
        over = [one for one in self.links if self.columns[one.target] - self.columns[one.source] > 1]
        return max((0.75 * self._bow(one) - self.tops[one.source] - _STEP / 2 for one in over), default=0.0)

    def _dot(self, index: int, dot: int) -> Markup:
        x, y = self.place(index, dot)
        css = "reaching" if self.reaching[index][dot] else None
        return tag("circle", {"class": css, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": _DOT})

    def _name(self, index: int) -> Markup:
        x, y = self.place(index, self.dots(index) - 1)
        return label(x, y + 18, _said(self.made.graph.nodes[index]), anchor="middle")


def wiring(made: Connectivity, title: str) -> str:
    """The picture as an SVG file: the two panels, and below what its lines come to."""
    width, height, parts = _laid_out(_panels(made))
    said = lines_add_up(made)
    width = max(width, 7.0 * len(said) + _SIDE)
    tall = height + _BOTTOM - _MARGIN
    note = label(_SIDE - _DOT, tall - 12, said, css="quiet")
    return sheet(width, tall, f"{title}: {said}", tag("title", None, title), *parts, note, css="wiring")


def wiring_figure(made: Connectivity, title: str) -> Markup:
    """The picture as a part of a page: on a phone, the panels one below the other."""
    panels = _panels(made)

    def drawn(width: int) -> Markup:
        wide, tall, parts = _laid_out(panels) if width >= WIDE else _below_each_other(panels)
        # Names that would be too small on a phone: what is long is moved along there, not shrunk.
        css = "wiring long" if wide > _LONG else "wiring"
        return inset(wide, tall, f"{title}: {lines_add_up(made)}", *parts, css=css)

    return responsive(drawn, f"{title}; {lines_add_up(made)}")


def _panels(made: Connectivity) -> list[tuple[str, _Drawing]]:
    return [("channels", _Drawing(made, "channels")), ("positions along the width", _Drawing(made, "positions"))]


def _laid_out(panels: Sequence[tuple[str, _Drawing]]) -> tuple[float, float, list[Markup]]:
    """Side by side, unless names would be too small to read on a page of the usual width."""
    beside = _side_by_side(panels)
    return beside if beside[0] <= _WIDEST else _below_each_other(panels)


def _side_by_side(panels: Sequence[tuple[str, _Drawing]]) -> tuple[float, float, list[Markup]]:
    """Width, height and what is drawn."""
    height = max(one.height for _, one in panels)
    rise = max(0.0, *(one.above - (height - one.height) / 2 for _, one in panels))
    parts: list[Markup] = []
    left, right = _SIDE, 0.0
    for heading, panel in panels:
        parts.append(_placed(panel, heading, left, 16, _TOP + rise + (height - panel.height) / 2))
        right = max(left + panel.width + _SIDE, left + len(heading) * _LETTER)
        left += panel.width + panel.beyond + _BETWEEN
    return right, height + _TOP + rise + _MARGIN, parts


def _below_each_other(panels: Sequence[tuple[str, _Drawing]]) -> tuple[float, float, list[Markup]]:
    parts: list[Markup] = []
    top = 0.0
    for heading, panel in panels:
        above = top + _TOP + max(0.0, panel.above)
        parts.append(_placed(panel, heading, _SIDE, top + 16, above))
        top = above + panel.height + _MARGIN
    widest = max(max(panel.width + _SIDE, len(heading) * _LETTER) for heading, panel in panels)
    return _SIDE + widest, top, parts


def _placed(panel: _Drawing, heading: str, left: float, heading_y: float, above: float) -> Markup:
    drawn = tag("g", {"transform": f"translate({left:.1f},{above:.1f})"}, *panel.drawn())
    return tag("g", None, label(left - _DOT, heading_y, heading, css="heading"), drawn)


def lines_add_up(made: Connectivity) -> str:
    """Lines, times cells and positions, added up."""
    terms = [f"{one.channels}·{one.cells}·{one.positions}" for one in made.lines]
    total = sum(one.multiply_adds for one in made.lines)
    if not terms:
        return "no multiply-adds: values change places, and nothing is computed"
    return f"lines · cells · positions: {' + '.join(terms)} = {count(total)} multiply-adds"


def _said(node: Node) -> str:
    match node.op:
        case ops.Input():
            return "input"
        case ops.Convolution(kernel=(high, wide), groups=groups, out_channels=channels):
            size = f"{high}×{wide}"
            if groups == 1:
                return size
            return f"{size} depthwise" if groups == channels else f"{size}, G={groups}"
        case ops.Linear():
            return "linear"
        case ops.Pool(kind=kind):
            return f"{kind} pool"
        case ops.GlobalPool():
            return "mean"
        case ops.Shuffle() | ops.Permute():
            return "shuffle"
        case ops.Concat():
            return "concat"
        case ops.Add():
            return "add"
        case ops.Multiply():
            return "gate"
        case _:
            return "output"
