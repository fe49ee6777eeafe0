"""A classifier as the body of another network: its maps by stride, at a lower output stride, thinner at the end."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import Any, cast

from edgewise.blocks import AuxiliaryClassifier, ConvBNAct, Head, InvertedResidual, ResponseNorm, Row, SqueezeExcite
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture


def body(base: Architecture) -> Architecture:
    """The rows of `base` that give maps, without its classifier: rows keep their numbers, and weights their names.

    Raises `EdgewiseError` for a network with classifiers in its middle.
    """
    if any(isinstance(row, AuxiliaryClassifier) for row in base.rows):
        raise EdgewiseError(f"{base.name} has classifiers in its middle; use the network without them as a body")
    rows = [row for row, shape in zip(base.rows, base.shapes, strict=True) if len(shape) == 3]
    return replace(base, rows=tuple(row for row in rows if not isinstance(row, Head)))


def strides(base: Architecture) -> list[int]:
    """For every row the stride of its result in pixels, as a power of two."""
    graph = base.graph
    return [2 ** round(log2(graph.strides[graph.index(str(index))])) for index in range(len(base.rows))]


def entering(base: Architecture, stride: int) -> int:
    """The index of the row that takes the map to `stride`. Raises `EdgewiseError` where none does."""
    for index, found in enumerate(strides(base)):
        if found >= stride:
            return index
    raise EdgewiseError(f"{base.name} has no map at a stride of {stride} pixels; choose another backbone")


def last_at(base: Architecture, stride: int) -> int:
    """The index of the last row at `stride` or less. Raises `EdgewiseError` where all rows are beyond it."""
    found = [index for index, one in enumerate(strides(base)) if one <= stride]
    if not found:
        raise EdgewiseError(f"{base.name} has no map at a stride of {stride} pixels; choose another backbone")
    return found[-1]


def widest_at(base: Architecture, stride: int) -> str:
    """The last value at `stride`: the expansion of the inverted residual that leaves it (MobileNetV3, section 6.3: C4),
    or the result of the last row."""
    index = entering(base, 2 * stride)
    row = base.rows[index]
    return f"{index}.expand" if isinstance(row, InvertedResidual) and row.expanded else str(index - 1)


def filtered_at(base: Architecture, stride: int) -> str:
    """What the last row at `stride` has filtered: in an inverted residual the depthwise result, before
    squeeze-and-excitation and projection (the low-level features of the authors' LR-ASPP), else the row's result."""
    index = last_at(base, stride)
    return f"{index}.depthwise" if isinstance(base.rows[index], InvertedResidual) else str(index)


_POINTWISE = (SqueezeExcite, ResponseNorm)
"""Rows that look at one cell at a time, or at all."""


def with_output_stride(base: Architecture, stride: int, *, at_once: bool = False) -> Architecture:
    """`base` with no map beyond `stride`: rows that would halve it keep it, and the taps of those behind them stand as
    much farther apart (atrous convolution; DeepLabV3, section 3.1). `at_once` already those of the row itself
    (torchvision's MobileNetV3). Raises `EdgewiseError` where a row has no dilation."""
    rows: list[Row] = []
    rate = 1
    before = 1
    for index, (row, after) in enumerate(zip(base.rows, strides(base), strict=True)):
        halves = after > stride and after > before
        changes: dict[str, Any] = {"stride": 1} if halves else {}
        wanted = 2 * rate if halves and at_once else rate
        # Rows without a field for it have kernels of 3 inside.
        if wanted > 1 and getattr(row, "kernel", 3) > 1 and not isinstance(row, _POINTWISE):
            changes["dilation"] = wanted
        unknown = [name for name in changes if not hasattr(row, name)]
        if unknown:
            raise EdgewiseError(
                f"row {index} of {base.name}, {type(row).__name__}, has no {unknown[0]} to set: it cannot keep an "
                f"output stride of {stride}; use 32, or another backbone"
            )
        rows.append(replace(cast("Any", row), **changes))
        rate, before = (2 * rate if halves else rate), after
    return replace(base, rows=tuple(rows))


def halved_from(base: Architecture, first: int, *, first_expansion: bool) -> Architecture:
    """`base` with half the channels from row `first` on: MobileNetV3's † for detection keeps the first expansion, the
    reduction for segmentation (RF2) halves it as well where `first_expansion` says so."""
    return replace(
        base,
        rows=tuple(
            _halved(row, base, index > first or first_expansion) if index >= first else row
            for index, row in enumerate(base.rows)
        ),
    )


def _halved(row: Row, base: Architecture, expansion: bool) -> Row:
    if isinstance(row, ConvBNAct):
        return replace(row, out_channels=row.out_channels // 2)
    if not isinstance(row, InvertedResidual):
        raise EdgewiseError(f"{base.name} has a {type(row).__name__} where only inverted residuals can be halved")
    expanded = row.expanded // 2 if expansion else row.expanded
    squeeze = base.widths.round(expanded * base.widths.squeeze) if row.squeeze else 0
    return replace(row, expanded=expanded, out_channels=row.out_channels // 2, squeeze=squeeze)
