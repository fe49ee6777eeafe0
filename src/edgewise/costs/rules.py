"""What one op costs: a table of pure functions of its shapes.

A multiply-add is one multiply-accumulate of a convolution or linear layer; nothing else has any. All other arithmetic
stands in `elements`, one per element an op writes (or, for pooling, reads per window). Batch norm and activation move
no bytes: every runtime folds or fuses them into the op before them. Slices and flattening are views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

from edgewise.graph import ops
from edgewise.graph.ops import Op, Shape


class OpCost(NamedTuple):
    """Counts in elements, not bytes, so that one count serves every precision.

    multiply_adds of convolutions and linear layers; trainable parameters; elements computed by other arithmetic;
    elements read (values and weights) and written.
    """

    multiply_adds: int = 0
    parameters: int = 0
    elements: int = 0
    read: int = 0
    written: int = 0


Rule = Callable[..., OpCost]
"""A rule takes the op, the shape of its result, then the shapes of its inputs."""

FREE = OpCost()


def convolution(op: ops.Convolution, y: Shape, x: Shape) -> OpCost:
    weights = y[0] * (x[0] // op.groups) * op.kernel[0] * op.kernel[1]
    parameters = weights + y[0] if op.bias else weights
    cells = y[1] * y[2]
    return OpCost(weights * cells, parameters, 0, x[0] * x[1] * x[2] + parameters, y[0] * cells)


def linear(op: ops.Linear, y: Shape, x: Shape) -> OpCost:
    weights = x[0] * y[0]
    parameters = weights + y[0] if op.bias else weights
    return OpCost(weights, parameters, 0, x[0] + parameters, y[0])


def batch_norm(op: ops.BatchNorm, y: Shape, x: Shape) -> OpCost:
    return OpCost(0, 2 * x[0], prod(y))


def fused(op: Op, y: Shape, *xs: Shape) -> OpCost:
    return OpCost(0, 0, prod(y))


def free(op: Op, y: Shape, *xs: Shape) -> OpCost:
    return FREE


def element_wise(op: Op, y: Shape, *xs: Shape) -> OpCost:
    written = prod(y)
    return OpCost(0, 0, written, sum(map(prod, xs)), written)


def moved(op: Op, y: Shape, *xs: Shape) -> OpCost:
    size = prod(y)
    return OpCost(0, 0, 0, size, size)


def pool(op: ops.Pool, y: Shape, x: Shape) -> OpCost:
    written = prod(y)
    return OpCost(0, 0, written * op.kernel[0] * op.kernel[1], prod(x), written)


def global_pool(op: ops.GlobalPool, y: Shape, x: Shape) -> OpCost:
    return OpCost(0, 0, prod(x), prod(x), y[0])


def resize(op: ops.Resize, y: Shape, x: Shape) -> OpCost:
    cells_read = 4 if op.kind == "bilinear" else 0
    return OpCost(0, 0, cells_read * prod(y), prod(x), prod(y))


def response_norm(op: ops.LocalResponseNorm, y: Shape, x: Shape) -> OpCost:
    return OpCost(0, 0, op.size * prod(y), prod(x), prod(y))


def l2_norm(op: ops.L2Norm, y: Shape, x: Shape) -> OpCost:
    return OpCost(0, x[0], 3 * prod(y), prod(x) + x[0], prod(y))


RULES: Mapping[type, Rule] = {
    ops.Input: free,
    ops.Convolution: convolution,
    ops.BatchNorm: batch_norm,
    ops.Activation: fused,
    ops.Pool: pool,
    ops.GlobalPool: global_pool,
    ops.Flatten: free,
    ops.Linear: linear,
    ops.Add: element_wise,
    ops.Multiply: element_wise,
    ops.Concat: moved,
    ops.Slice: free,
    ops.Shuffle: moved,
    ops.Permute: moved,
    ops.Resize: resize,
    ops.Dropout: free,
    ops.LocalResponseNorm: response_norm,
    ops.L2Norm: l2_norm,
    ops.CellList: moved,
}
