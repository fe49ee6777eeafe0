"""Which inputs one op reads for which of its outputs: along the channels, and along one side of the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.graph import ops
from edgewise.graph.ops import Op, Shape

__all__ = ["Wires", "wires"]


class Wires(NamedTuple):
    """What an op reads of one of its inputs, bool: `channels` `(C out, C in)`, and along the width `positions`
    `(W out, W in)`. A vector has one position."""

    channels: np.ndarray
    positions: np.ndarray


def wires(op: Op, output: Shape, inputs: Sequence[Shape]) -> list[Wires]:
    """The wires to each input. Raises `EdgewiseError` for lists of cells, which have no channels."""
    channels, width = output[0], _width(output)
    match op:
        case ops.Convolution():
            taps = _taps(width, _width(inputs[0]), op.kernel[1], op.stride[1], op.padding[2], op.dilation[1])
            return [Wires(_in_groups(channels, inputs[0][0], op.groups), taps)]
        case ops.Linear():
            return [Wires(np.ones((channels, inputs[0][0]), bool), np.ones((1, 1), bool))]
        case ops.Pool():
            taps = _taps(width, _width(inputs[0]), op.kernel[1], op.stride[1], op.padding[2], 1)
            return [Wires(np.eye(channels, dtype=bool), taps)]
        case ops.GlobalPool():
            return [Wires(np.eye(channels, dtype=bool), np.ones((1, _width(inputs[0])), bool))]
        case ops.Flatten():
            per_channel = channels // inputs[0][0]
            return [Wires(np.repeat(np.eye(inputs[0][0], dtype=bool), per_channel, 0), _all(width, inputs[0]))]
        case ops.Concat():
            starts = np.cumsum([0, *(shape[0] for shape in inputs)])
            return [
                Wires(np.eye(channels, shape[0], -int(start), dtype=bool), np.eye(width, dtype=bool))
                for start, shape in zip(starts, inputs, strict=False)
            ]
        case ops.Slice():
            return [Wires(np.eye(channels, inputs[0][0], op.start, dtype=bool), np.eye(width, dtype=bool))]
        case ops.Shuffle():
            order = np.arange(channels).reshape(op.groups, -1).T.ravel()
            return [Wires(np.eye(channels, dtype=bool)[order], np.eye(width, dtype=bool))]
        case ops.Permute():
            return [Wires(np.eye(channels, dtype=bool)[list(op.order)], np.eye(width, dtype=bool))]
        case ops.Multiply():
            gate = np.eye(width, dtype=bool) if inputs[1] == inputs[0] else np.ones((width, 1), bool)
            same = np.eye(channels, dtype=bool)
            return [Wires(same, np.eye(width, dtype=bool)), Wires(same, gate)]
        case ops.Resize():
            return [Wires(np.eye(channels, dtype=bool), _resized(width, _width(inputs[0]), op))]
        case ops.LocalResponseNorm():
            places = np.arange(channels)
            near = np.abs(places[:, None] - places) <= op.size // 2
            return [Wires(near, np.eye(width, dtype=bool))]
        case ops.L2Norm():
            return [Wires(np.ones((channels, channels), bool), np.eye(width, dtype=bool))]
        case ops.CellList():
            raise EdgewiseError("the list of a map's cells has no channels; look at what it is made of")
        case _:  # what works on every number by itself
            return [Wires(np.eye(channels, dtype=bool), np.eye(width, dtype=bool)) for _ in inputs]


def _width(shape: Shape) -> int:
    return shape[2] if len(shape) == 3 else 1


def _all(width: int, shape: Shape) -> np.ndarray:
    return np.ones((width, _width(shape)), bool)


def _in_groups(outputs: int, inputs: int, groups: int) -> np.ndarray:
    """Blocks along the diagonal."""
    of_output = np.arange(outputs) // (outputs // groups)
    of_input = np.arange(inputs) // (inputs // groups)
    return of_output[:, None] == of_input


def _taps(outputs: int, inputs: int, kernel: int, stride: int, left: int, dilation: int) -> np.ndarray:
    """The positions under a sliding window; those in the padding are no inputs."""
    found = np.zeros((outputs, inputs), bool)
    for tap in range(kernel):
        places = np.arange(outputs) * stride - left + tap * dilation
        inside = (places >= 0) & (places < inputs)
        found[np.flatnonzero(inside), places[inside]] = True
    return found


def _resized(outputs: int, inputs: int, op: ops.Resize) -> np.ndarray:
    """The cells that an interpolated one is made of."""
    places = np.arange(outputs)
    found = np.zeros((outputs, inputs), bool)
    if op.kind == "nearest":
        found[places, places * inputs // outputs] = True
        return found
    if op.align_corners and outputs > 1:
        exact = places * (inputs - 1) / (outputs - 1)
    else:
        exact = np.clip((places + 0.5) * inputs / outputs - 0.5, 0, inputs - 1)
    low = np.floor(exact).astype(int)
    found[places, low] = True
    between = exact > low
    found[places[between], np.minimum(low[between] + 1, inputs - 1)] = True
    return found
