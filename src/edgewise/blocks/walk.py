"""The shapes that rows give, one after the other, without the graph that they make."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from edgewise.blocks.row import Row
from edgewise.graph import Trace, Value
from edgewise.graph.ops import BatchNorm, Shape

_KEPT = 1 << 16


class Walk:
    """Applies rows to an image of the shape `image`, one after the other; `rows` are those that it is for.

    A search asks for the same rows on the same maps thousands of times: the shapes of rows that read nothing but their
    input are looked up.
    """

    def __init__(self, rows: Iterable[Row], image: Shape) -> None:
        self.shape = image
        elsewhere = any(row.reads for row in rows)
        self._traced = Value(Trace(image, BatchNorm()), 0, image) if elsewhere else None
        self._steps = 0

    def step(self, row: Row) -> Shape:
        """The shape of what `row` gives. Raises `EdgewiseError` where its widths do not fit."""
        if self._traced is None:
            self.shape = _shape(row, self.shape)
        else:
            trace = self._traced.trace
            trace.enter(self._steps)
            self._traced = row.apply(self._traced)
            trace.leave(self._traced)
            self.shape = self._traced.shape
        self._steps += 1
        return self.shape


@lru_cache(_KEPT)
def _shape(row: Row, shape: Shape) -> Shape:
    trace = Trace(shape, BatchNorm())
    trace.enter(0)
    return row.apply(Value(trace, 0, shape)).shape
