"""One-op functions over values; what a block's `apply` is written with."""

from __future__ import annotations

from typing import Literal, get_args

from edgewise.errors import EdgewiseError
from edgewise.graph.ops import (
    Activation,
    ActivationKind,
    BatchNorm,
    CellList,
    Concat,
    Convolution,
    Dropout,
    Flatten,
    GlobalPool,
    L2Norm,
    Linear,
    LocalResponseNorm,
    Padding,
    Pair,
    Permute,
    Pool,
    PoolKind,
    Resize,
    ResizeKind,
    Shuffle,
    Slice,
)
from edgewise.graph.value import Value

Size = int | Pair
"""One number for both sides, or (height, width)."""

PaddingRule = Literal["same", "valid", "tf_same"] | Padding
"""`same`: symmetric, keeps the map at stride 1 (PyTorch); `valid`: none; `tf_same`: TensorFlow's SAME, which pads
bottom and right first; or the four numbers."""


_RULES = ("same", "valid", "tf_same")

# Building a graph is mostly building its ops: those without a width are made once.
_ACTIVATIONS = {kind: Activation(kind) for kind in get_args(ActivationKind)}
_CONCAT, _FLATTEN, _GLOBAL_POOL = Concat(), Flatten(), GlobalPool()


def _pair(size: Size) -> Pair:
    return (size, size) if isinstance(size, int) else size


def _side(rule: str, size: int, kernel: int, stride: int, dilation: int) -> Pair:
    span = dilation * (kernel - 1)
    if rule == "tf_same":
        total = max((-(-size // stride) - 1) * stride + span + 1 - size, 0)
        return (total // 2, total - total // 2)
    return (span // 2, span - span // 2)


def _padding(rule: PaddingRule, x: Value, kernel: Pair, stride: Pair, dilation: Pair) -> Padding:
    if isinstance(rule, tuple) and len(rule) == 4:
        return rule
    if rule not in _RULES:
        raise EdgewiseError(
            f"a padding is {', '.join(_RULES)} or four numbers (top, bottom, left, right), not {rule!r}"
        )
    if rule == "valid":
        return (0, 0, 0, 0)
    if rule == "same" and kernel[0] % 2 and kernel[1] % 2:  # nearly all: both sides alike, whatever the map's size
        height, width = dilation[0] * (kernel[0] // 2), dilation[1] * (kernel[1] // 2)
        return (height, height, width, width)
    return (
        *_side(rule, x.shape[1], kernel[0], stride[0], dilation[0]),
        *_side(rule, x.shape[2], kernel[1], stride[1], dilation[1]),
    )


def conv(
    x: Value,
    out_channels: int,
    *,
    kernel: Size = 1,
    stride: Size = 1,
    padding: PaddingRule = "same",
    dilation: Size = 1,
    groups: int = 1,
    bias: bool = False,
    name: str = "conv",
) -> Value:
    """A convolution of `x` `(C, H, W)`. Raises `EdgewiseError` when the groups do not divide the channels."""
    kernel, stride, dilation = _pair(kernel), _pair(stride), _pair(dilation)
    pads = _padding(padding, x, kernel, stride, dilation)
    return x.trace.apply(Convolution(out_channels, kernel, stride, pads, dilation, groups, bias), (x,), name)


def norm(x: Value, *, eps: float | None = None, name: str = "norm") -> Value:
    """Batch normalisation with the architecture's eps, or one of its own."""
    return x.trace.apply(x.trace.norm if eps is None else BatchNorm(eps), (x,), name)


def activate(x: Value, kind: ActivationKind | None, *, name: str = "activation") -> Value:
    """The non-linearity `kind`; None leaves the value as it is."""
    if kind is None:
        return x
    if kind not in _ACTIVATIONS:
        raise EdgewiseError(f"there is no activation {kind!r}; there are {', '.join(_ACTIVATIONS)}")
    return x.trace.apply(_ACTIVATIONS[kind], (x,), name)


def pool(
    x: Value,
    kind: PoolKind,
    *,
    kernel: Size,
    stride: Size,
    padding: PaddingRule = "same",
    ceil: bool = False,
    count_padding: bool = True,
    name: str = "pool",
) -> Value:
    kernel, stride = _pair(kernel), _pair(stride)
    pads = _padding(padding, x, kernel, stride, (1, 1))
    return x.trace.apply(Pool(kind, kernel, stride, pads, ceil, count_padding), (x,), name)


def global_pool(x: Value, *, name: str = "pool") -> Value:
    """`(C, H, W)` to `(C, 1, 1)`, the mean."""
    return x.trace.apply(_GLOBAL_POOL, (x,), name)


def flatten(x: Value, *, name: str = "flatten") -> Value:
    return x.trace.apply(_FLATTEN, (x,), name)


def linear(x: Value, out_features: int, *, bias: bool = True, name: str = "linear") -> Value:
    return x.trace.apply(Linear(out_features, bias), (x,), name)


def dropout(x: Value, rate: float, *, name: str = "dropout") -> Value:
    return x.trace.apply(Dropout(rate), (x,), name) if rate else x


def concat(*xs: Value, name: str = "concat") -> Value:
    return xs[0].trace.apply(_CONCAT, xs, name)


def split(x: Value, *widths: int) -> tuple[Value, ...]:
    """Consecutive channels of the given widths."""
    starts = [sum(widths[:i]) for i in range(len(widths))]
    return tuple(
        x.trace.apply(Slice(start, start + width), (x,), "split") for start, width in zip(starts, widths, strict=True)
    )


def shuffle(x: Value, groups: int, *, order: tuple[int, ...] | None = None, name: str = "shuffle") -> Value:
    """ShuffleNet's shuffle in `groups`, or the explicit permutation `order` that surgery left of one."""
    if order is not None:
        return x.trace.apply(Permute(order), (x,), name)
    return x.trace.apply(Shuffle(groups), (x,), name) if groups > 1 else x


def resize(
    x: Value, size: Pair, *, align_corners: bool = False, kind: ResizeKind = "bilinear", name: str = "resize"
) -> Value:
    return x.trace.apply(Resize(size, align_corners, kind), (x,), name)


def local_response_norm(x: Value, *, name: str = "response_norm") -> Value:
    return x.trace.apply(LocalResponseNorm(), (x,), name)


def l2_norm(x: Value, *, name: str = "l2_norm") -> Value:
    """Cells scaled to length 1, then each channel by what it learns."""
    return x.trace.apply(L2Norm(), (x,), name)


def cell_list(x: Value, length: int, *, name: str = "list") -> Value:
    """`(A·length, H, W)` to `(H·W·A, length)`."""
    return x.trace.apply(CellList(length), (x,), name)
