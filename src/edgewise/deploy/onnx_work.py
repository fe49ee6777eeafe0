"""What ONNX's ops do: a table of functions of shapes, and which inputs of an op are data rather than settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from edgewise.costs.work import Does, Work, activation, batch_norm, convolution, pool, product

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """An op with its attributes, the shapes of its data and of its main result, and which of its data are constants."""

    op: str
    attributes: Mapping[str, Any]
    xs: tuple[Shape, ...]
    y: Shape
    constant: tuple[bool, ...]

    @property
    def x(self) -> Shape:
        return self.xs[0]


Rule = Callable[[Node], Work]

VIEWS = frozenset(("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Slice", "Split", "Expand"))
"""Ops that show their input in another way."""

MADE = frozenset(("Constant", "ConstantOfShape", "Shape", "Size", "Range", "EyeLike", "RandomNormal", "RandomUniform"))
"""Ops whose result has nothing of their input but its shape."""

DATA: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("Pad", "Resize", "Upsample", "Clip", "Slice", "Split", "Tile", "Trilu", "TopK", "Cast"), (0,)),
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Expand", "Dropout", "CumSum", "OneHot"), (0,)),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"), (0,)),
    **dict.fromkeys(("ConvInteger", "MatMulInteger", "RoiAlign", "GridSample"), (0, 1)),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), (0, 1, 2)),
    "QLinearConv": (0, 3, 8),
    "QLinearMatMul": (0, 3),
}
"""The inputs that are values or weights, by op; all where it is not here, but for the axes of reductions."""


def data(op: str) -> tuple[int, ...] | None:
    """Which inputs of `op` are data; None for all."""
    return (0,) if op.startswith("Reduce") else DATA.get(op)


def _computes(kind: str) -> Rule:
    return lambda node: Work(kind, prod(node.y))


def _moves(kind: str, does: Does = Does.COMPUTE) -> Rule:
    return lambda node: Work(kind, does=does)


def _convolution(node: Node) -> Work:
    return convolution(node.x, node.xs[1], node.y, transposed=node.op == "ConvTranspose")


def _gemm(node: Node) -> Work:
    depth = node.x[0] if node.attributes.get("transA") else node.x[1]
    return product(prod(node.y) * depth, by_weights=any(node.constant[:2]))


def _matmul(node: Node) -> Work:
    return product(prod(node.y) * node.x[-1], by_weights=any(node.constant[:2]))


def _einsum(node: Node) -> Work | None:
    """Of two factors: every combination of the letters' values is one multiply-add."""
    terms = node.attributes["equation"].decode().replace(" ", "").partition("->")[0].split(",")
    if len(terms) != 2 or any("." in term for term in terms):
        return None
    lengths = {
        letter: length for term, x in zip(terms, node.xs, strict=True) for letter, length in zip(term, x, strict=True)
    }
    return product(prod(lengths.values()), by_weights=any(node.constant))


def _recurrent(node: Node) -> Work:
    """Both matrices are multiplied with every step of every sequence, in every direction."""
    return Work("recurrent", multiply_adds=prod(node.x[:2]) * (prod(node.xs[1]) + prod(node.xs[2])))


def _pool(node: Node) -> Work:
    return pool(prod(node.y), node.attributes["kernel_shape"])


def _reduction(node: Node) -> Work:
    """Over height and width it is a pooling, as in the papers."""
    over_the_map = len(node.x) > 2 and [size for size in node.y if size > 1] == [
        size for size in node.x[:2] if size > 1
    ]
    return Work("pool" if over_the_map else "reduce", prod(node.x))


def _resize(node: Node) -> Work:
    taps = {b"linear": 2, b"cubic": 4}.get(node.attributes.get("mode", b"nearest"), 0)
    return Work("resize", taps ** (len(node.x) - 2) * prod(node.y) if taps else 0)


def _pad(node: Node) -> Work:
    plain = node.attributes.get("mode", b"constant") == b"constant" and prod(node.y) >= prod(node.x)
    return Work("pad", does=Does.PAD if plain else Does.GATHER)


def _gather(node: Node) -> Work:
    return Work("embedding" if node.constant[0] else "shuffle", does=Does.GATHER)


def _each(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


RULES: Mapping[str, Callable[[Node], Work | None]] = {
    **_each("Conv ConvTranspose ConvInteger QLinearConv DeformConv", _convolution),
    **_each("MatMul MatMulInteger QLinearMatMul", _matmul),
    **_each("LSTM GRU RNN", _recurrent),
    "Gemm": _gemm,
    "Einsum": _einsum,
    **_each(
        "Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu HardSigmoid HardSwish Sigmoid Tanh Softplus Softsign Clip"
        " Mish Gelu Swish Shrink",
        lambda node: activation(prod(node.y)),
    ),
    "BatchNormalization": lambda node: batch_norm(prod(node.y)),
    **_each("InstanceNormalization", _computes("instance norm")),
    **_each("LayerNormalization RMSNormalization MeanVarianceNormalization LpNormalization", _computes("layer norm")),
    **_each("GroupNormalization", _computes("group norm")),
    **_each("Softmax LogSoftmax Hardmax", _computes("softmax")),
    "LRN": lambda node: Work("response norm", node.attributes["size"] * prod(node.y)),
    **_each("MaxPool AveragePool LpPool", _pool),
    **_each("GlobalAveragePool GlobalMaxPool GlobalLpPool", lambda node: Work("pool", prod(node.x))),
    **_each(
        "ReduceMean ReduceMax ReduceMin ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp"
        " ReduceSumSquare ArgMax ArgMin",
        _reduction,
    ),
    **_each("Add Sub", _computes("add")),
    "Sum": lambda node: Work("add", max(1, len(node.xs) - 1) * prod(node.y)),
    **_each("Mul Div", _computes("multiply")),
    **_each(
        "Abs Acos Acosh And Asin Asinh Atan Atanh Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil"
        " Cos Cosh CumSum Equal Erf Exp Floor Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod"
        " Neg Not Or Pow Reciprocal Round Sign Sin Sinh Sqrt Tan Trilu Where Xor",
        _computes("element-wise"),
    ),
    **_each("TopK NonZero Unique Compress NonMaxSuppression OneHot", lambda node: Work("select", prod(node.x))),
    "Concat": _moves("concat"),
    **_each("Cast CastLike ScatterElements ScatterND Scatter", _moves("copy")),
    **_each("Transpose DepthToSpace SpaceToDepth ReverseSequence", _moves("shuffle")),
    **_each("Tile CenterCropPad", _moves("shuffle", Does.GATHER)),
    **_each("Gather GatherElements GatherND", _gather),
    **_each("Resize Upsample", _resize),
    **_each("GridSample RoiAlign", lambda node: Work("resize", 4 * prod(node.y))),
    "Pad": _pad,
    "QuantizeLinear": lambda node: Work("quantise", prod(node.y), Does.QUANTISE),
    "DequantizeLinear": lambda node: Work("quantise", prod(node.y), Does.DEQUANTISE),
    "DynamicQuantizeLinear": _computes("quantise"),
}
"""By op. What is not here, or gives None, is unknown."""
