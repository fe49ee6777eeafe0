"""What one op of a foreign network does, in words that torch's ops and ONNX's have in common."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from math import prod
from typing import NamedTuple

from edgewise.costs.kinds import convolution_kind


class Does(Enum):
    """How an op moves its bytes when the network is deployed."""

    COMPUTE = auto()
    """Reads its inputs and writes its results."""
    SLIDE = auto()
    """The same, by a window that sees zeros beyond the map's edge without anybody writing them there."""
    GATHER = auto()
    """Reads no more of its first input than it writes."""
    FUSE = auto()
    """Happens within the op that made its input: batch norm, activations."""
    PAD = auto()
    """Nothing where only sliding windows read the result; a copy elsewhere."""
    QUANTISE = auto()
    """Happens within the op that made its input, which then writes the smaller type."""
    DEQUANTISE = auto()
    """Happens within the ops that read the result: they read the smaller type."""


class Work(NamedTuple):
    """The kind of an op, the elements and multiply-adds it computes, and how it moves its bytes."""

    kind: str
    elements: int = 0
    does: Does = Does.COMPUTE
    multiply_adds: int = 0


def activation(elements: int) -> Work:
    return Work("activation", elements, Does.FUSE)


def batch_norm(elements: int) -> Work:
    return Work("batch norm", elements, Does.FUSE)


def pool(y: int, kernel: Sequence[int]) -> Work:
    """`y` elements, each of a window."""
    return Work("pool", y * prod(kernel), Does.SLIDE)


def convolution(x: Sequence[int], weight: Sequence[int], y: Sequence[int], *, transposed: bool = False) -> Work:
    """`x` and `y` are `(N, C, …)`, the weight is `(C', C / groups, …)`, transposed `(C, C' / groups, …)`."""
    kind = convolution_kind(weight[2:], (y if transposed else x)[1] // weight[1], x[1])
    each = prod(weight[1:])
    if transposed:
        return Work(f"transposed {kind}", multiply_adds=prod(x) * each)
    return Work(kind, does=Does.SLIDE, multiply_adds=prod(y) * each)


def product(multiply_adds: int, *, by_weights: bool) -> Work:
    """A linear layer where one factor is a constant, else a product of two values."""
    return Work("linear" if by_weights else "matmul", multiply_adds=multiply_adds)
