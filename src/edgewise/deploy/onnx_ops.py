"""How ONNX says each op: a table of functions that add nodes to a model under construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgewise.deploy.fold import Tensors
from edgewise.errors import EdgewiseError
from edgewise.graph import ops
from edgewise.graph.ops import Padding, Shape


class Emitter:
    """The nodes and constants of an ONNX graph as they are added."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def parameter(self, name: str) -> str:
        """A tensor of the network as a constant."""
        return self.constant(name, self.tensors[name])

    def constant(self, name: str, array: np.ndarray) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: int | float | str | list[int]) -> str:
        node = helper.make_node(kind, inputs, [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return output


def _pads(padding: Padding) -> list[int]:
    top, bottom, left, right = padding
    return [top, left, bottom, right]


def _convolution(emit: Emitter, op: ops.Convolution, name: str, x: Shape, inputs: list[str]) -> None:
    parameters = [emit.parameter(f"{name}.weight")]
    if op.bias:
        parameters.append(emit.parameter(f"{name}.bias"))
    emit.node(
        "Conv",
        inputs + parameters,
        name,
        kernel_shape=list(op.kernel),
        strides=list(op.stride),
        pads=_pads(op.padding),
        dilations=list(op.dilation),
        group=op.groups,
    )


def _linear(emit: Emitter, op: ops.Linear, name: str, x: Shape, inputs: list[str]) -> None:
    parameters = [emit.parameter(f"{name}.weight")]
    if op.bias:
        parameters.append(emit.parameter(f"{name}.bias"))
    emit.node("Gemm", inputs + parameters, name, transB=1)


def _batch_norm(emit: Emitter, op: ops.BatchNorm, name: str, x: Shape, inputs: list[str]) -> None:
    parts = [emit.parameter(f"{name}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
    emit.node("BatchNormalization", inputs + parts, name, epsilon=op.eps)


def _activation(emit: Emitter, op: ops.Activation, name: str, x: Shape, inputs: list[str]) -> None:
    if op.kind == "relu6":
        bounds = [emit.constant(f"bound.{value}", np.array(value, np.float32)) for value in (0, 6)]
        emit.node("Clip", inputs + bounds, name)
    elif op.kind == "hard_sigmoid":
        emit.node("HardSigmoid", inputs, name, alpha=1 / 6, beta=0.5)
    elif op.kind == "swish":
        emit.node("Mul", [*inputs, emit.node("Sigmoid", inputs, f"{name}.sigmoid")], name)
    else:
        kinds = {"relu": "Relu", "hard_swish": "HardSwish", "sigmoid": "Sigmoid", "elu": "Elu", "tanh": "Tanh"}
        emit.node(kinds[op.kind], inputs, name)


def _pool(emit: Emitter, op: ops.Pool, name: str, x: Shape, inputs: list[str]) -> None:
    pads = op.padding
    counted = op.kind == "average" and op.count_padding
    if op.ceil:
        # Not as ceil_mode: ONNX counts windows that start in the padding behind the map, runtimes and torch do not.
        # As much padding as the last windows reach says the same; what is beyond the op's own never counts.
        top, bottom, left, right = pads = _reached(op, x)
        inside = (top, min(bottom, op.padding[1]), left, min(right, op.padding[3]))
        if counted and pads != inside:
            amounts = np.array([0, 0, top, left, 0, 0, inside[1], inside[3]])
            inputs = [emit.node("Pad", [*inputs, emit.constant(f"{name}.pads", amounts)], f"{name}.padded")]
            pads, counted = (0, bottom - inside[1], 0, right - inside[3]), False
    window = {"kernel_shape": list(op.kernel), "strides": list(op.stride), "pads": _pads(pads)}
    if op.kind == "max":
        emit.node("MaxPool", inputs, name, **window)
    else:
        emit.node("AveragePool", inputs, name, count_include_pad=int(counted), **window)


def _reached(op: ops.Pool, x: Shape) -> Padding:
    """The padding with as much of it behind the map as the windows cover."""
    top, _, left, _ = op.padding
    _, height, width = op.output_shape(x)
    bottom = (height - 1) * op.stride[0] + op.kernel[0] - x[1] - top
    right = (width - 1) * op.stride[1] + op.kernel[1] - x[2] - left
    return (top, max(0, bottom), left, max(0, right))


def _slice(emit: Emitter, op: ops.Slice, name: str, x: Shape, inputs: list[str]) -> None:
    bounds = [emit.constant(f"number.{value}", np.array([value])) for value in (op.start, op.stop, 1)]  # axis 1
    emit.node("Slice", [*inputs, *bounds], name)


def _shuffle(emit: Emitter, op: ops.Shuffle, name: str, x: Shape, inputs: list[str]) -> None:
    channels, height, width = x
    split = [1, op.groups, channels // op.groups, height, width]
    whole = [1, *x]
    split_shape = emit.constant("shape." + "x".join(map(str, split)), np.array(split))
    whole_shape = emit.constant("shape." + "x".join(map(str, whole)), np.array(whole))
    y = emit.node("Reshape", [*inputs, split_shape], f"{name}.split")
    y = emit.node("Transpose", [y], f"{name}.transpose", perm=[0, 2, 1, 3, 4])
    emit.node("Reshape", [y, whole_shape], name)


def _permute(emit: Emitter, op: ops.Permute, name: str, x: Shape, inputs: list[str]) -> None:
    emit.node("Gather", [*inputs, emit.constant(f"{name}.order", np.array(op.order))], name, axis=1)


def _resize(emit: Emitter, op: ops.Resize, name: str, x: Shape, inputs: list[str]) -> None:
    size = emit.constant(f"{name}.size", np.array([1, x[0], *op.size]))
    taken = [*inputs, "", "", size]
    if op.kind == "nearest":
        settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        cells = "align_corners" if op.align_corners else "half_pixel"
        settings = {"mode": "linear", "coordinate_transformation_mode": cells}
    emit.node("Resize", taken, name, **settings)


def _l2_norm(emit: Emitter, op: ops.L2Norm, name: str, x: Shape, inputs: list[str]) -> None:
    weight = emit.constant(f"{name}.weight", emit.tensors[f"{name}.weight"].reshape(1, -1, 1, 1))
    length = emit.node("ReduceL2", inputs, f"{name}.length", axes=[1], keepdims=1)
    least = emit.constant("bound.1e-12", np.array(1e-12, np.float32))  # torch's: a cell of zeros stays one
    unit = emit.node("Div", [*inputs, emit.node("Max", [length, least], f"{name}.bounded")], f"{name}.unit")
    emit.node("Mul", [unit, weight], name)


def _cell_list(emit: Emitter, op: ops.CellList, name: str, x: Shape, inputs: list[str]) -> None:
    shape = [1, *op.output_shape(x)]
    cells_first = emit.node("Transpose", inputs, f"{name}.transpose", perm=[0, 2, 3, 1])
    emit.node("Reshape", [cells_first, emit.constant("shape." + "x".join(map(str, shape)), np.array(shape))], name)


def _response_norm(emit: Emitter, op: ops.LocalResponseNorm, name: str, x: Shape, inputs: list[str]) -> None:
    if op.size % 2 == 0:
        raise EdgewiseError(f"{name} normalises over {op.size} channels; ONNX Runtime takes only odd numbers")
    # ONNX divides alpha by the size; the op holds the paper's, which is not divided.
    emit.node("LRN", inputs, name, size=op.size, alpha=op.alpha * op.size, beta=op.beta, bias=op.k)


def _add(emit: Emitter, op: ops.Add, name: str, x: Shape, inputs: list[str]) -> None:
    total = inputs[0]
    for count, other in enumerate(inputs[1:], 2):
        total = emit.node("Add", [total, other], name if count == len(inputs) else f"{name}.{count}")


EMIT: Mapping[type, Callable[..., object]] = {
    ops.Convolution: _convolution,
    ops.Linear: _linear,
    ops.BatchNorm: _batch_norm,
    ops.Activation: _activation,
    ops.Pool: _pool,
    ops.GlobalPool: lambda emit, op, name, x, inputs: emit.node("GlobalAveragePool", inputs, name),
    ops.Flatten: lambda emit, op, name, x, inputs: emit.node("Flatten", inputs, name),
    ops.Add: _add,
    ops.Multiply: lambda emit, op, name, x, inputs: emit.node("Mul", inputs, name),
    ops.Concat: lambda emit, op, name, x, inputs: emit.node("Concat", inputs, name, axis=1),
    ops.Slice: _slice,
    ops.Shuffle: _shuffle,
    ops.Permute: _permute,
    ops.Resize: _resize,
    ops.LocalResponseNorm: _response_norm,
    ops.L2Norm: _l2_norm,
    ops.CellList: _cell_list,
}
"""For every op a function of (emitter, op, name of the result, first input's shape, names of the inputs)."""
