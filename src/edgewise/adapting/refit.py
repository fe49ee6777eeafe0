"""New rows for a graph whose values have lost channels.

Nothing here knows a row. The rows are applied once with numbers that remember which field they are from, so that the
graph says of every width by which fields it is given (`out_channels − passed`); the widths that are wanted then give
the fields. The rows that come of it are applied again and have to make exactly the graph that was wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from edgewise.errors import EdgewiseError
from edgewise.graph import Graph
from edgewise.graph.ops import Convolution, Linear, Op, Permute, Shuffle, Slice
from edgewise.papers import Architecture

Place = tuple[int | str, ...]
"""Where a number stands: its row, then fields and positions in tuples."""


class _Width(int):
    """A number that knows which fields it was computed from: a constant and a multiple of each."""

    terms: Mapping[Place, int]
    constant: int

    @classmethod
    def of(cls, value: int, terms: Mapping[Place, int], constant: int = 0) -> _Width:
        made = cls(value)
        made.terms = {place: factor for place, factor in terms.items() if factor}
        made.constant = constant
        return made

    def _plus(self, other: int, sign: int) -> _Width:
        terms = dict(self.terms)
        for place, factor in terms_of(other).items():
            terms[place] = terms.get(place, 0) + sign * factor
        constant = other.constant if isinstance(other, _Width) else int(other)
        return _Width.of(int(self) + sign * int(other), terms, self.constant + sign * constant)

    def __add__(self, other: int) -> _Width:
        return self._plus(other, 1)

    __radd__ = __add__

    def __sub__(self, other: int) -> _Width:
        return self._plus(other, -1)

    def __rsub__(self, other: int) -> _Width:
        return (self * -1) + other

    def __mul__(self, other: int) -> _Width:  # pyright: ignore[reportIncompatibleMethodOverride]
        if terms_of(other):
            return cast("_Width", int(self) * int(other))  # no longer linear: a number like any other
        terms = {place: factor * int(other) for place, factor in self.terms.items()}
        return _Width.of(int(self) * int(other), terms, self.constant * int(other))

    __rmul__ = __mul__


def terms_of(number: int) -> Mapping[Place, int]:
    return number.terms if isinstance(number, _Width) else {}


def refitted(architecture: Architecture, wanted: Sequence[Op], name: str) -> Architecture:
    """`architecture` with rows that make the ops `wanted`, one for each node of its graph, under another name.

    Raises `EdgewiseError` where its rows cannot say that.
    """
    short = replace(_filled(architecture, wanted), name=name)
    if _makes(short, architecture.graph, wanted):
        return short
    # A width decides more than itself in some rows: whether a shortcut projects, for one. They say so in words, then.
    inputs = (architecture.input, *architecture.shapes)
    explicit = replace(
        architecture, rows=tuple(row.explicit(inputs[index][0]) for index, row in enumerate(architecture.rows))
    )
    made = replace(_filled(explicit, wanted), name=name)
    if not _makes(made, architecture.graph, wanted):
        raise EdgewiseError(f"the rows of {architecture.name} have no words for the channels that would be left")
    for index, row in enumerate(short.rows):
        shorter = replace(made, rows=(*made.rows[:index], row, *made.rows[index + 1 :]))
        if row != made.rows[index] and _makes(shorter, architecture.graph, wanted):
            made = shorter
    return made


def _makes(architecture: Architecture, like: Graph, wanted: Sequence[Op]) -> bool:
    """Whether the rows make the ops `wanted`, wired and called as in `like`."""
    try:
        made = architecture.graph
    except EdgewiseError:
        return False
    return (
        [node.op for node in made.nodes] == list(wanted)
        and [(node.name, node.inputs) for node in made.nodes] == [(node.name, node.inputs) for node in like.nodes]
        and made.outputs == like.outputs
    )


def _filled(architecture: Architecture, wanted: Sequence[Op]) -> Architecture:
    """The rows with the fields that the wanted widths give. Whether they make what is wanted is still to be seen."""
    marked = tuple(_marked(row, (index,)) for index, row in enumerate(architecture.rows))
    graph = replace(architecture, rows=marked).graph
    known = _solved([pair for node, op in zip(graph.nodes, wanted, strict=True) for pair in _pairs(node.op, op)])
    rows = [_replaced(row, (index,), known) for index, row in enumerate(architecture.rows)]
    for node, op in zip(graph.nodes, wanted, strict=True):
        if isinstance(node.op, Shuffle | Permute) and hasattr(rows[node.row], "order"):
            order = op.order if isinstance(op, Permute) else None
            rows[node.row] = replace(cast("Any", rows[node.row]), order=order)
    return replace(architecture, rows=tuple(rows))


def _pairs(op: Op, wanted: Op) -> list[tuple[int, int]]:
    """The widths of an op beside those it is to have."""
    match op, wanted:
        case Convolution(), Convolution():
            return [(op.out_channels, wanted.out_channels), (op.groups, wanted.groups)]
        case Linear(), Linear():
            return [(op.out_features, wanted.out_features)]
        case Slice(), Slice():
            return [(op.start, wanted.start), (op.stop, wanted.stop)]
        case _:
            return []


def _solved(pairs: Sequence[tuple[int, int]]) -> dict[Place, int]:
    """The fields, from what they give together: again and again what has a single unknown left."""
    known: dict[Place, int] = {}
    open_pairs = [(width, wanted) for width, wanted in pairs if terms_of(width)]
    found = True
    while found:
        found = False
        for width, wanted in open_pairs:
            terms = terms_of(width)
            unknown = [place for place in terms if place not in known]
            if len(unknown) == 1:
                place = unknown[0]
                rest = sum(factor * known[other] for other, factor in terms.items() if other != place)
                assert isinstance(width, _Width)
                known[place] = (wanted - width.constant - rest) // terms[place]
                found = True
    return known


def _marked(value: Any, place: Place) -> Any:
    """`value` with every number in its fields a `_Width` that knows its place."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _Width.of(value, {place: 1})
    return _rebuilt(value, place, _marked)


def _replaced(value: Any, place: Place, known: Mapping[Place, int]) -> Any:
    """`value` with the numbers at the places that are known."""
    if isinstance(value, int) and not isinstance(value, bool):
        return known.get(place, value)
    return _rebuilt(value, place, lambda part, at: _replaced(part, at, known))


def _rebuilt(value: Any, place: Place, change: Callable[[Any, Place], Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(change(item, (*place, index)) for index, item in enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {item.name: change(getattr(value, item.name), (*place, item.name)) for item in fields(value)}
        return replace(cast("Any", value), **changed)
    return value
