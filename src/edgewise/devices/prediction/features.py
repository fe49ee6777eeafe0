"""A unit in numbers, from which the time of one that was never measured is estimated."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, prod

from edgewise.costs.kinds import kind
from edgewise.costs.rules import RULES
from edgewise.costs.units import Unit
from edgewise.graph import ops

_VECTOR = 16
"""Channels are worked on so many at a time by today's processors; what is left over costs as much as a whole step."""


_STEPS = (4, 8, 16)
"""Runtimes keep channels in blocks of one of these, and run what does not divide by it in another, slower way."""


def group(unit: Unit) -> str:
    """Units of one group are estimated together: those of a kind, convolutions of vectors apart from those of maps."""
    name = kind(unit.op, unit.inputs[0])
    alone = prod(unit.output[1:]) == 1
    return f"{name} of vectors" if isinstance(unit.op, ops.Convolution) and alone else name


def features(unit: Unit) -> list[float]:
    """Logarithms of what it computes and moves, its widths, how badly they fit the vectors, window and activation."""
    cost = RULES[type(unit.op)](unit.op, unit.output, *unit.inputs)
    channels, given = unit.inputs[0][0], unit.output[0]
    window: Sequence[int] = getattr(unit.op, "kernel", (1, 1))
    stride: Sequence[int] = getattr(unit.op, "stride", (1, 1))
    return [
        log(max(cost.multiply_adds, cost.elements, 1)),
        log(max(cost.read + cost.written, 1)),
        log(channels),
        log(given),
        log(prod(unit.output[1:])),
        log(prod(window)),
        log(stride[0]),
        float(unit.activation not in (None, "relu", "relu6")),
        log(_padded(channels) / channels),
        log(_padded(given) / given),
        float(len(unit.inputs)),
        *(float(width % step == 0) for width in (channels, given) for step in _STEPS),
    ]


def _padded(channels: int) -> int:
    return -(-channels // _VECTOR) * _VECTOR
