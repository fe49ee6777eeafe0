"""How torch runs each op: a module where the op has parameters, state or a setting worth printing, else a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (the name everyone knows it by)

from edgewise.errors import EdgewiseError
from edgewise.graph import ops
from edgewise.graph.ops import ActivationKind, Padding, Shape

Operation = Callable[..., Tensor]


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding differs between the sides, as TensorFlow's SAME has it."""

    def __init__(self, padding: Padding, *args: int, **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type]
        top, bottom, left, right = padding
        self.pads = (left, right, top, bottom)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (torch's own name)
        return super().forward(F.pad(input, self.pads))


def _convolution(op: ops.Convolution, x: Shape, in_place: bool) -> nn.Module:
    top, bottom, left, right = op.padding
    settings = {"stride": op.stride, "dilation": op.dilation, "groups": op.groups, "bias": op.bias}
    if (top, left) == (bottom, right):
        return nn.Conv2d(x[0], op.out_channels, op.kernel, padding=(top, left), **settings)  # type: ignore[arg-type]
    return PaddedConv2d(op.padding, x[0], op.out_channels, op.kernel, **settings)  # type: ignore[arg-type]


_ACTIVATIONS: Mapping[ActivationKind, Callable[[], nn.Module]] = {
    "hard_swish": nn.Hardswish,
    "swish": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "hard_sigmoid": nn.Hardsigmoid,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
}


def _activation(op: ops.Activation, x: Shape, in_place: bool) -> nn.Module:
    if op.kind == "relu":
        return nn.ReLU(inplace=in_place)
    if op.kind == "relu6":
        return nn.ReLU6(inplace=in_place)
    return _ACTIVATIONS[op.kind]()


class PaddedPool2d(nn.Module):
    """A pooling whose padding differs between the sides; an average leaves the padding out of its count."""

    def __init__(self, op: ops.Pool) -> None:
        super().__init__()
        self.op = op
        top, bottom, left, right = op.padding
        self.pads = (left, right, top, bottom)

    def extra_repr(self) -> str:
        return str(self.op)

    def forward(self, x: Tensor) -> Tensor:
        y = self._pooled(x)
        if self.op.ceil:  # torch takes the padding for a part of the map, and has windows that start in it
            _, height, width = self.op.output_shape(tuple(x.shape[1:]))
            y = y[:, :, :height, :width]
        return y

    def _pooled(self, x: Tensor) -> Tensor:
        op = self.op
        if op.kind == "max":
            return F.max_pool2d(F.pad(x, self.pads, value=float("-inf")), op.kernel, op.stride, ceil_mode=op.ceil)
        summed = F.avg_pool2d(F.pad(x, self.pads), op.kernel, op.stride, ceil_mode=op.ceil)
        if op.count_padding:
            return summed
        inside = F.pad(torch.ones_like(x[:1, :1]), self.pads)
        return summed / F.avg_pool2d(inside, op.kernel, op.stride, ceil_mode=op.ceil)


def _pool(op: ops.Pool, x: Shape, in_place: bool) -> nn.Module:
    top, bottom, left, right = op.padding
    if (top, left) != (bottom, right):
        return PaddedPool2d(op)
    if op.kind == "max":
        return nn.MaxPool2d(op.kernel, op.stride, (top, left), ceil_mode=op.ceil)
    return nn.AvgPool2d(op.kernel, op.stride, (top, left), ceil_mode=op.ceil, count_include_pad=op.count_padding)


def shuffle(x: Tensor, groups: int) -> Tensor:
    """ShuffleNet's channel shuffle of `(N, C, H, W)`."""
    n, c, h, w = x.shape
    if groups < 1 or c % groups:
        raise EdgewiseError(f"{c} channels cannot be shuffled in {groups} groups; choose a multiple")
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def _concat(*xs: Tensor) -> Tensor:
    return torch.cat(xs, 1)


def _add(x: Tensor, *others: Tensor) -> Tensor:
    for other in others:
        x = x + other
    return x


def _slice(x: Tensor, start: int, stop: int) -> Tensor:
    return x[:, start:stop]


def _permute(x: Tensor, order: tuple[int, ...]) -> Tensor:
    return x[:, list(order)]


def _resize(op: ops.Resize, x: Shape, in_place: bool) -> Operation:
    if op.kind == "nearest":
        return partial(F.interpolate, size=op.size, mode="nearest")
    return partial(F.interpolate, size=op.size, mode="bilinear", align_corners=op.align_corners)


class ScaledL2Norm(nn.Module):
    """Cells of `(N, C, H, W)` scaled to length 1, then each channel by its weight, 20 at first (SSD, section 3.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 20.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[:, None, None] * F.normalize(x)


def _cell_list(x: Tensor, length: int) -> Tensor:
    n, _, height, width = x.shape
    return x.view(n, -1, length, height, width).permute(0, 3, 4, 1, 2).reshape(n, -1, length)


Build = Callable[..., Operation]

OPERATIONS: Mapping[type, Build] = {
    ops.Convolution: _convolution,
    ops.BatchNorm: lambda op, x, in_place: nn.BatchNorm2d(x[0], eps=op.eps),
    ops.Activation: _activation,
    ops.Pool: _pool,
    ops.GlobalPool: lambda op, x, in_place: nn.AdaptiveAvgPool2d(1),
    ops.Flatten: lambda op, x, in_place: nn.Flatten(1),
    ops.Linear: lambda op, x, in_place: nn.Linear(x[0], op.out_features, bias=op.bias),
    ops.Add: lambda op, x, in_place: _add,
    ops.Multiply: lambda op, x, in_place: torch.mul,
    ops.Concat: lambda op, x, in_place: _concat,
    ops.Slice: lambda op, x, in_place: partial(_slice, start=op.start, stop=op.stop),
    ops.Shuffle: lambda op, x, in_place: partial(shuffle, groups=op.groups),
    ops.Permute: lambda op, x, in_place: partial(_permute, order=op.order),
    ops.Resize: _resize,
    ops.Dropout: lambda op, x, in_place: nn.Dropout(op.rate),
    ops.LocalResponseNorm: lambda op, x, in_place: nn.LocalResponseNorm(
        op.size, alpha=op.alpha * op.size, beta=op.beta, k=op.k
    ),
    ops.L2Norm: lambda op, x, in_place: ScaledL2Norm(x[0]),
    ops.CellList: lambda op, x, in_place: partial(_cell_list, length=op.length),
}
"""For every op a function of (op, first input's shape, whether it may overwrite its input)."""
