"""One axis of a chart: its range, whether it is logarithmic, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Axis", "Tick", "fit_axis"]

# Beyond these a difference or a ratio of two doubles may overflow or vanish; nobody's latency is there.
_LARGEST, _SMALLEST = 1e300, 1e-300
# A range narrower than this share of its values is widened: labels of nine digits would no longer differ.
_NARROWEST = 1e-6
_LOG_FROM_RATIO = 10.0


@dataclass(frozen=True)
class Tick:
    """A round value on an axis and how it is written."""

    value: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A range with `low < high` and its ticks, in rising order and inside the range."""

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        """Where `value` is on the axis: 0 at the low end, 1 at the high end, never outside of that."""
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return min(max((value - low) / (high - low), 0.0), 1.0)


def fit_axis(
    values: Iterable[float],
    *,
    logarithmic: bool | None = None,
    floor: float = -math.inf,
    ceiling: float = math.inf,
    ticks: int = 6,
    whole: bool = False,
) -> Axis:
    """The axis that shows all finite `values` with a little room, and about `ticks` ticks.

    Logarithmic when all values are positive and the largest is at least ten times the smallest, unless
    `logarithmic` says; values that are not positive always make it linear. The range stays between `floor` and
    `ceiling` (0 and 100 for per cent). Without any finite value it runs from 0 to 1. `whole` is for what is counted: a
    linear axis with whole ticks only.
    """
    shown = [_tamed(value) for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(shown), max(shown)
    if not whole and low > 0 and (high / low >= _LOG_FROM_RATIO if logarithmic is None else logarithmic):
        return _log_axis(low, high, ticks)
    return _linear_axis(low, high, floor, ceiling, ticks, whole)


def _tamed(value: float) -> float:
    return 0.0 if abs(value) < _SMALLEST else math.copysign(min(abs(value), _LARGEST), value)


def _linear_axis(low: float, high: float, floor: float, ceiling: float, wanted: int, whole: bool) -> Axis:
    least = 1.0 if whole else 0.0  # the shortest step; a single value gets as much room
    scale = max(abs(low), abs(high))
    room = 0.06 * (high - low) if high - low > _NARROWEST * scale else max(0.05 * scale or 0.5, least)
    bottom, top = max(low - room, floor), min(high + room, ceiling)
    if low >= 0 > bottom:  # room below zero would suggest that there can be something
        bottom = 0.0
    mantissa, exponent = _round_step(max((top - bottom) / wanted, least))
    if whole and (mantissa, exponent) == (2.5, 0):
        mantissa = 5.0
    first, last = math.ceil(bottom / _scaled(mantissa, exponent)), math.floor(top / _scaled(mantissa, exponent))
    marks = [_scaled(index * mantissa, exponent) for index in range(first, last + 1)]
    decimals = max(0, -exponent) + (1 if mantissa == 2.5 and exponent <= 0 else 0)
    plain = decimals <= 6 and scale < 1e9
    labels = [f"{mark:,.{decimals}f}" if plain else f"{mark:.9g}" for mark in marks]
    ticks = [Tick(mark, label) for mark, label in zip(marks, labels, strict=True) if bottom <= mark <= top]
    return Axis(bottom, top, False, tuple(ticks))


def _log_axis(low: float, high: float, wanted: int) -> Axis:
    bottom, top = math.log10(low), math.log10(high)
    room = max(0.06 * (top - bottom), 0.04)
    bottom, top = bottom - room, top + room
    decades = range(math.floor(bottom), math.ceil(top) + 1)
    if top - bottom <= wanted / 2:
        marks = [_scaled(digit, decade) for decade in decades for digit in (1.0, 2.0, 5.0)]
    else:
        every = math.ceil((top - bottom) / wanted)
        marks = [_scaled(1.0, decade) for decade in decades if decade % every == 0]
    bottom, top = 10.0**bottom, 10.0**top
    ticks = tuple(Tick(mark, f"{mark:g}") for mark in marks if bottom <= mark <= top)
    return Axis(bottom, top, True, ticks)


def _round_step(span: float) -> tuple[float, int]:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `span`, as (mantissa, exponent)."""
    exponent = math.floor(math.log10(span))
    for mantissa in (1.0, 2.0, 2.5, 5.0):
        if _scaled(mantissa, exponent) >= span:
            return mantissa, exponent
    return 1.0, exponent + 1


def _scaled(mantissa: float, exponent: int) -> float:
    # Dividing by a power of ten is exact where multiplying by its inverse is not: 3 / 10, not 3 * 0.1.
    return mantissa / 10.0**-exponent if exponent < 0 else mantissa * 10.0**exponent
