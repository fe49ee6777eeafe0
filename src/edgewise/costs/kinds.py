"""The kinds of op that cost tables are cut by: the words the papers use."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.graph import ops
from edgewise.graph.ops import Op, Shape

_SIMPLE: dict[type, str] = {
    ops.Input: "input",
    ops.BatchNorm: "batch norm",
    ops.GlobalPool: "pool",
    ops.Pool: "pool",
    ops.Flatten: "view",
    ops.Linear: "linear",
    ops.Add: "add",
    ops.Multiply: "multiply",
    ops.Concat: "concat",
    ops.Slice: "view",
    ops.Shuffle: "shuffle",
    ops.Permute: "shuffle",
    ops.Resize: "resize",
    ops.Dropout: "dropout",
    ops.LocalResponseNorm: "response norm",
    ops.L2Norm: "l2 norm",
    ops.CellList: "shuffle",
    ops.Activation: "activation",
}


def kind(op: Op, x: Shape) -> str:
    """`pointwise`, `depthwise 3×3`, `grouped 1×1`, `conv 7×7` …, or the op's own name; `x` is its input's shape."""
    if not isinstance(op, ops.Convolution):
        return _SIMPLE[type(op)]
    return convolution_kind(op.kernel, op.groups, x[0])


def convolution_kind(kernel: Sequence[int], groups: int, channels: int) -> str:
    """The kind of a convolution of `channels` input channels, in one, two or three dimensions."""
    size = "×".join(map(str, kernel))
    if groups == channels > 1:
        return f"depthwise {size}"
    if groups > 1:
        return f"grouped {size}"
    return "pointwise" if set(kernel) == {1} else f"conv {size}"
