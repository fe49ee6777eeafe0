"""An architecture: a named tuple of rows with its input. Pure data that everything else interprets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, cast

from edgewise.blocks import ROWS, AuxiliaryClassifier, Head, Row, Scaling, Task, WidthRule
from edgewise.blocks.walk import Walk
from edgewise.errors import EdgewiseError
from edgewise.graph import Graph, Trace, Value
from edgewise.graph.ops import BatchNorm, Shape
from edgewise.papers import encoding

FORMAT = 1
"""The version of the JSON; a reader refuses newer ones."""

SMALLEST_MAP = 4
"""`with_input` lowers strides until the last map has at least this many cells a side."""


@dataclass(frozen=True)
class Architecture:
    """A network as data.

    `family` names the paper, `rows` are its table, `input` is `(C, H, W)`, `norm` holds the batch norm's
    eps, `widths` the paper's rule for width multipliers. `lowered` lists the rows whose stride `with_input` took
    from 2 to 1 because the image is small.
    """

    name: str
    rows: tuple[Row, ...]
    family: str = ""
    input: tuple[int, int, int] = (3, 224, 224)
    norm: BatchNorm = field(default_factory=BatchNorm)
    widths: WidthRule = field(default_factory=WidthRule)
    lowered: tuple[int, ...] = ()

    __pydantic_config__: ClassVar[dict[str, object]] = {"arbitrary_types_allowed": True}

    def __str__(self) -> str:
        return self.name

    @cached_property
    def graph(self) -> Graph:
        """The rows applied to the image. Raises `EdgewiseError`, naming the row, where the widths do not fit."""
        trace = Trace(self._image(), self.norm)
        x = Value(trace, 0, self.input)
        for index, row in enumerate(self.rows):
            trace.enter(index)
            try:
                x = row.apply(x)
            except EdgewiseError as error:
                raise self._misfit(index, error) from None
            trace.leave(x)
        trace.outputs["output"] = x.index
        return trace.graph_so_far()

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape that each row gives. Raises `EdgewiseError` as `graph` does."""
        return tuple(self._shapes())

    def _shapes(self) -> Iterator[Shape]:
        """`shapes`, one after the other: as far as the rows fit."""
        walk = Walk(self.rows, self._image())
        for index, row in enumerate(self.rows):
            try:
                yield walk.step(row)
            except EdgewiseError as error:
                raise self._misfit(index, error) from None

    def _image(self) -> Shape:
        if len(self.input) != 3:
            raise EdgewiseError(f"the input of {self.name} has three sides (channels, height, width), not {self.input}")
        return self.input

    def _misfit(self, index: int, error: EdgewiseError) -> EdgewiseError:
        return EdgewiseError(f"row {index} of {self.name}, {type(self.rows[index]).__name__}: {error}")

    @property
    def task(self) -> Task:
        """What it says of an image: what its last row does."""
        last = self.rows[-1] if self.rows else None
        return last.task if isinstance(last, Head) else "classify"

    @property
    def classes(self) -> int:
        """How many classes the head tells apart. Raises `EdgewiseError` when the last row is no classifier's."""
        return self._head().classes

    def _head(self) -> Head:
        last = self.rows[-1] if self.rows else None
        if not isinstance(last, Head) or isinstance(last, AuxiliaryClassifier):
            raise EdgewiseError(f"{self.name} does not end in a classifier but in {type(last).__name__}")
        return last

    def with_classes(self, classes: int) -> Architecture:
        """The same network for `classes` classes."""
        if classes < 1:
            raise EdgewiseError(f"a classifier needs at least one class, not {classes}")
        _ = self._head()
        rows = tuple(replace(row, classes=classes) if isinstance(row, Head) else row for row in self.rows)
        return replace(self, rows=rows)

    def with_input(self, height: int, width: int | None = None, *, smallest_map: int = SMALLEST_MAP) -> Architecture:
        """The same network for images of `height` × `width` pixels.

        Where the last map would have fewer than `smallest_map` cells a side, strides go down from 2 to 1 from the
        front, one row after the other (`lowered` records which); a larger image gives them back.
        `smallest_map=1` keeps the paper's strides, and detectors always do: their anchors are made for their maps.
        Raises `EdgewiseError` when the image itself is too small.
        """
        settled = self.task == "detect"
        size = (self.input[0], height, height if width is None else width)
        if min(size) < 1:
            raise EdgewiseError(f"an image has at least 1×1 pixels, not {size[1]}×{size[2]}")
        rows = list(self.rows)
        for index in self.lowered:
            rows[index] = _with_stride(rows[index], 2)
        lowered: list[int] = []
        strided = [] if settled else [index for index, row in enumerate(rows) if getattr(row, "stride", 1) == 2]
        while True:
            candidate = replace(self, rows=tuple(rows), input=size, lowered=tuple(lowered))
            if candidate._smallest_map() >= (1 if settled else smallest_map):
                return candidate
            if not strided:
                _ = self.graph  # where the rows do not fit at their own size either, that is what is wrong
                raise EdgewiseError(
                    f"images of {size[1]}×{size[2]} pixels are too small for {self.name}; "
                    f"resize them to {self._least_size()} or more"
                )
            lowered.append(strided.pop(0))
            rows[lowered[-1]] = _with_stride(rows[lowered[-1]], 1)

    def _least_size(self) -> str:
        """A square size that the rows fit on, with all their strides lowered where they may be."""
        rows = self.rows
        if self.task != "detect":
            rows = tuple(_with_stride(row, 1) if getattr(row, "stride", 1) == 2 else row for row in rows)
        sides = sorted({32, 48, 64, 96, 128, 192, 256, 384, 512, max(self.input[1:])})
        fits = (side for side in sides if replace(self, rows=rows, input=(3, side, side))._smallest_map())
        side = next(fits, sides[-1])
        return f"{side}×{side}"

    def _smallest_map(self) -> int:
        """The fewest cells a side of any row's map; 0 where a window does not fit on its map."""
        try:
            return min((min(shape[1:]) for shape in self._shapes() if len(shape) == 3), default=min(self.input[1:]))
        except EdgewiseError:
            return 0

    def scaled(self, width: float) -> Architecture:
        """All widths times `width`, rounded by the paper's rule."""
        if not 0 < width <= 16:  # not a number fails too
            raise EdgewiseError(f"a width multiplier of {width:g} makes no sense; use one between 0.1 and 4")
        if width == 1:
            return self
        before = (self.input, *self._shapes())
        after = Walk(self.rows, self.input)
        rows: list[Row] = []
        for index, row in enumerate(self.rows):
            rows.append(row.scaled(Scaling(width, self.widths, before[index][0], after.shape[0])))
            try:
                after.step(rows[-1])
            except EdgewiseError as error:
                raise EdgewiseError(f"{self.name} cannot be scaled to {width:g}: row {index}: {error}") from None
        return replace(self, name=f"{self.name}_{width:g}", rows=tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes. Fields at their defaults are left out, so that a row may gain fields later without
        changing the digest of the networks that exist."""
        body = cast("dict[str, Any]", encoding.encode(self))
        return {"format": FORMAT, **body}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_dict(cls, data: object, *, rows: Sequence[type[Row]] = ROWS) -> Architecture:
        """Reads what `to_dict` wrote; `rows` are the row types it may name (add your own).

        Raises `EdgewiseError` for a newer format, an unknown row, an unknown, missing or wrong field.
        """
        if not isinstance(data, dict):
            raise EdgewiseError("an architecture is a JSON object; this is not one")
        body = dict(data)
        version = body.pop("format", None)
        if not isinstance(version, int) or version < 1:
            raise EdgewiseError("this JSON is no architecture: it has no field 'format' with a version")
        if version > FORMAT:
            raise EdgewiseError(
                f"the architecture has format {version} and this edgewise reads up to {FORMAT}; upgrade edgewise"
            )
        types: dict[str, type] = {row.__name__: row for row in rows}
        architecture = encoding.decode(cls, body, types)
        if not architecture.rows:
            raise EdgewiseError("the architecture has no rows")
        return architecture

    @classmethod
    def from_json(cls, text: str, *, rows: Sequence[type[Row]] = ROWS) -> Architecture:
        """Reads what `to_json` wrote. Raises `EdgewiseError` as `from_dict` does, and for text that is no JSON."""
        try:
            data = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise EdgewiseError(f"the architecture is not JSON: {error}") from None
        return cls.from_dict(data, rows=rows)

    @cached_property
    def digest(self) -> str:
        """A SHA-256 of what the network computes: its rows, input and norm, whatever it is called."""
        body = self.to_dict()
        for label in ("name", "family", "widths", "lowered"):
            body.pop(label, None)
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _with_stride(row: Row, stride: int) -> Row:
    return replace(cast("Any", row), stride=stride)
