"""The elementary operations a network is made of. An op is plain data; it knows its output shape and nothing else.

Shapes leave the batch out: `(C, H, W)` for feature maps, `(C,)` for vectors. What an op costs, which channels it ties
together and how torch or ONNX runs it are tables elsewhere, keyed by the classes below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgewise.errors import EdgewiseError

Shape = tuple[int, ...]
Pair = tuple[int, int]
Padding = tuple[int, int, int, int]
"""Cells added at the top, bottom, left and right."""

ActivationKind = Literal["relu", "relu6", "hard_swish", "swish", "sigmoid", "hard_sigmoid", "elu", "tanh"]
PoolKind = Literal["max", "average"]
ResizeKind = Literal["bilinear", "nearest"]


def _window(size: int, kernel: int, stride: int, dilation: int, padding: int, *, ceil: bool = False) -> int:
    """Cells of the output along one side of a sliding window."""
    if kernel < 1 or stride < 1 or dilation < 1:
        raise EdgewiseError(
            f"kernel, stride and dilation must each be at least 1; they are {kernel}, {stride} and {dilation}"
        )
    span = size + padding - dilation * (kernel - 1) - 1
    if span < 0:
        raise EdgewiseError(
            f"a window of {dilation * (kernel - 1) + 1} cells does not fit on a map of {size} cells padded by "
            f"{padding}; use a larger input or smaller strides"
        )
    return (span + stride - 1 if ceil else span) // stride + 1


@dataclass(frozen=True, slots=True)
class Input:
    """The image, `(C, H, W)`."""

    shape: Shape

    def output_shape(self) -> Shape:
        return self.shape


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution in `groups` (AlexNet, 2012); as many groups as channels make it depthwise (MobileNets, 3.1)."""

    out_channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = False

    def output_shape(self, x: Shape) -> Shape:
        groups = self.groups
        if self.out_channels < 1 or groups < 1:
            raise EdgewiseError(
                f"output channels and groups must each be at least 1; they are {self.out_channels} and {groups}"
            )
        if groups > 1 and (x[0] % groups or self.out_channels % groups):
            raise EdgewiseError(
                f"{groups} groups do not divide {x[0]} input and {self.out_channels} output channels; "
                "choose widths that are multiples of the number of groups"
            )
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        top, bottom, left, right = self.padding
        return (
            self.out_channels,
            _window(x[1], kh, sh, dh, top + bottom),
            _window(x[2], kw, sw, dw, left + right),
        )


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalisation per channel. How fast running statistics follow is the recipe's business, not a network's."""

    eps: float = 1e-5

    def output_shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, slots=True)
class Activation:
    """An element-wise non-linearity. `hard_swish(x) = x · relu6(x + 3) / 6` (MobileNetV3, section 5.2)."""

    kind: ActivationKind

    def output_shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, slots=True)
class Pool:
    """Max or average pooling by a sliding window. `ceil` keeps the last, partial window; `count_padding` lets padded
    zeros count in an average."""

    kind: PoolKind
    kernel: Pair
    stride: Pair
    padding: Padding = (0, 0, 0, 0)
    ceil: bool = False
    count_padding: bool = True

    def output_shape(self, x: Shape) -> Shape:
        (kh, kw), (sh, sw) = self.kernel, self.stride
        top, bottom, left, right = self.padding
        height = _window(x[1], kh, sh, 1, top + bottom, ceil=self.ceil)
        width = _window(x[2], kw, sw, 1, left + right, ceil=self.ceil)
        if self.ceil:  # a window may not start in the padding behind the map
            height -= (height - 1) * sh >= x[1] + top
            width -= (width - 1) * sw >= x[2] + left
        return (x[0], height, width)


@dataclass(frozen=True, slots=True)
class GlobalPool:
    """The mean over height and width: `(C, H, W)` to `(C, 1, 1)`."""

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], 1, 1)


@dataclass(frozen=True, slots=True)
class Flatten:
    """`(C, H, W)` to `(C·H·W,)`."""

    def output_shape(self, x: Shape) -> Shape:
        return (x[0] * x[1] * x[2],)


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer, `(C,)` to `(out_features,)`."""

    out_features: int
    bias: bool = True

    def output_shape(self, x: Shape) -> Shape:
        if len(x) != 1:
            raise EdgewiseError(f"a linear layer takes a vector, not a map of shape {x}; flatten it first")
        if self.out_features < 1:
            raise EdgewiseError(f"a linear layer needs at least one output, not {self.out_features}")
        return (self.out_features,)


@dataclass(frozen=True, slots=True)
class Add:
    """The element-wise sum of two or more values of one shape (ResNet's shortcut)."""

    def output_shape(self, *xs: Shape) -> Shape:
        if any(x != xs[0] for x in xs):
            raise EdgewiseError(f"values of shapes {', '.join(map(str, xs))} cannot be added; they must be equal")
        return xs[0]


@dataclass(frozen=True, slots=True)
class Multiply:
    """The element-wise product; a `(C, 1, 1)` factor scales whole channels (squeeze-and-excitation)."""

    def output_shape(self, x: Shape, factor: Shape) -> Shape:
        if factor not in (x, (x[0], 1, 1)):
            raise EdgewiseError(f"a value of shape {x} cannot be scaled by one of shape {factor}")
        return x


@dataclass(frozen=True, slots=True)
class Concat:
    """Joins values along the channels."""

    def output_shape(self, *xs: Shape) -> Shape:
        if any(x[1:] != xs[0][1:] for x in xs):
            raise EdgewiseError(f"values of shapes {', '.join(map(str, xs))} cannot be concatenated; their maps differ")
        return (sum(x[0] for x in xs), *xs[0][1:])


@dataclass(frozen=True, slots=True)
class Slice:
    """The channels from `start` up to `stop`; a split is two slices."""

    start: int
    stop: int

    def output_shape(self, x: Shape) -> Shape:
        if not 0 <= self.start < self.stop <= x[0]:
            raise EdgewiseError(f"channels {self.start} to {self.stop} do not exist in a value of {x[0]} channels")
        return (self.stop - self.start, *x[1:])


@dataclass(frozen=True, slots=True)
class Shuffle:
    """ShuffleNet's channel shuffle: channels seen as `(groups, C / groups)`, transposed, flattened."""

    groups: int

    def output_shape(self, x: Shape) -> Shape:
        if self.groups < 1 or x[0] % self.groups:
            raise EdgewiseError(f"{x[0]} channels cannot be shuffled in {self.groups} groups; choose a multiple")
        return x


@dataclass(frozen=True, slots=True)
class Permute:
    """An explicit order of channels: output channel `i` is input channel `order[i]` (a shuffle after surgery)."""

    order: tuple[int, ...]

    def output_shape(self, x: Shape) -> Shape:
        if sorted(self.order) != list(range(x[0])):
            raise EdgewiseError(f"an order of {len(self.order)} channels is no permutation of the value's {x[0]}")
        return x


@dataclass(frozen=True, slots=True)
class Resize:
    """Interpolation to `size` (height, width): bilinear, or by the nearest cell (the pyramid of FPN)."""

    size: Pair
    align_corners: bool = False
    kind: ResizeKind = "bilinear"

    def output_shape(self, x: Shape) -> Shape:
        return (x[0], *self.size)


@dataclass(frozen=True, slots=True)
class Dropout:
    """Drops elements with probability `rate` in training; the identity otherwise."""

    rate: float

    def output_shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, slots=True)
class LocalResponseNorm:
    """AlexNet's normalisation over neighbouring channels (section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75).

    `alpha` is the paper's; torch and ONNX divide it by the size, and the interpreters take that into account.
    """

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0

    def output_shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, slots=True)
class L2Norm:
    """Every cell divided by the length of its vector of channels, times a learnt scale per channel (ParseNet; SSD,
    section 3.1)."""

    def output_shape(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True, slots=True)
class CellList:
    """A map `(A·length, H, W)` as the list `(H·W·A, length)`: cell by cell in the order of reading, and in every cell
    A groups of `length` channels (SSD: the boxes or scores of a cell's anchors)."""

    length: int

    def output_shape(self, x: Shape) -> Shape:
        if self.length < 1 or len(x) != 3 or x[0] % self.length:
            raise EdgewiseError(f"a value of shape {x} cannot be listed in groups of {self.length} channels")
        return (x[0] // self.length * x[1] * x[2], self.length)


Op = (
    Input
    | Convolution
    | BatchNorm
    | Activation
    | Pool
    | GlobalPool
    | Flatten
    | Linear
    | Add
    | Multiply
    | Concat
    | Slice
    | Shuffle
    | Permute
    | Resize
    | Dropout
    | LocalResponseNorm
    | L2Norm
    | CellList
)
