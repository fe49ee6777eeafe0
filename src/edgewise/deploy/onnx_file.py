"""ONNX files of anybody's, read without their weights: the graph with a shape for every value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import onnx
import onnx.external_data_helper
import onnx.inliner
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from edgewise.deploy.onnx_shapes import SMALL, Shapes, fixed_shape
from edgewise.errors import EdgewiseError


@dataclass(frozen=True)
class Typed:
    """The shape of a value, the bytes of one of its elements, and whether it may be a weight: no index, no shape."""

    shape: tuple[int, ...]
    itemsize: int
    weighs: bool


@dataclass(frozen=True)
class OnnxFile:
    """A file's nodes in the order they run, its values by name as far as inference knows them, and which of these are
    inputs, outputs and constants."""

    path: Path
    nodes: tuple[onnx.NodeProto, ...]
    values: dict[str, Typed]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: tuple[str, ...]


def load(path: Path) -> onnx.ModelProto:
    """The model, without weights that stand in other files. Raises `EdgewiseError` when it is none."""
    try:
        model = onnx.load(path, format="protobuf", load_external_data=False)  # whatever the file's name ends in
    except OSError as error:
        raise EdgewiseError(f"cannot read the artifact {path}: {error.strerror}") from None
    except (DecodeError, ValueError):
        raise EdgewiseError(f"{path} is no ONNX model, or is cut short; export it again") from None
    if not model.HasField("graph"):  # an empty file is a model without anything, to protobuf
        raise EdgewiseError(f"{path} is no ONNX model, or is cut short; export it again")
    return model


def read(path: Path, size: int | None = None) -> OnnxFile:
    """Reads `path` for one image; `size` stands for lengths that the file leaves open, pixels a side for most.

    Raises `EdgewiseError` when it is no ONNX model, a file of weights is missing, or a length stays open.
    """
    model = load(path)
    _take_in_small_weights(model, path)
    constants = {constant.name: constant for constant in model.graph.initializer}
    inputs = list(_settled([value for value in model.graph.input if value.name not in constants], size, path))
    shapes = Shapes({opset.domain: opset.version for opset in model.opset_import})
    for value in (*model.graph.value_info, *inputs):
        shapes.say(value.name, value.type)
    for constant in constants.values():
        shapes.know(constant.name, constant)
    nodes = tuple(map(_standard, _without_functions(model)))
    for node in nodes:
        shapes.infer(node)
    return OnnxFile(
        path,
        nodes,
        dict(_typed(shapes.types)),
        tuple(value.name for value in inputs),
        tuple(value.name for value in model.graph.output),
        tuple(constants),
    )


def _without_functions(model: onnx.ModelProto) -> Iterable[onnx.NodeProto]:
    """The nodes, with functions of the file's own written out."""
    if not model.functions:
        return model.graph.node
    bare = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions)
    bare.graph.name = model.graph.name
    bare.graph.node.extend(model.graph.node)
    bare.graph.input.extend(model.graph.input)
    bare.graph.output.extend(model.graph.output)
    return onnx.inliner.inline_local_functions(bare).graph.node


def _take_in_small_weights(model: onnx.ModelProto, path: Path) -> None:
    """Reads what may be a shape from files beside the model, and sees to it that the others are there."""
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        if not where or not (path.parent / where).is_file():
            raise EdgewiseError(
                f"{path} keeps its weights in {where or 'another file'}, which is not there; put it beside"
            )
        if prod(tensor.dims) <= SMALL:
            try:
                onnx.external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
            except (OSError, ValueError, onnx.checker.ValidationError) as error:
                reason = str(error).strip().partition("\n")[0]
                raise EdgewiseError(f"{path} keeps weights in {where}, which cannot be read: {reason}") from None


def _settled(inputs: Iterable[onnx.ValueInfoProto], size: int | None, path: Path) -> Iterator[onnx.ValueInfoProto]:
    """The inputs with all their lengths: one image, and `size` for what else the file leaves open."""
    batches = {_length(value.type.tensor_type.shape.dim[0]) for value in inputs if value.type.tensor_type.shape.dim}
    for value in inputs:
        tensor = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not tensor.HasField("shape"):
            raise EdgewiseError(f"{path} takes {value.name}, of which it does not say the shape; export it again")
        given = [_length(dimension) for dimension in tensor.shape.dim]
        lengths = [
            1 if not isinstance(length, int) and (axis == 0 or (length and length in batches)) else length
            for axis, length in enumerate(given)
        ]
        said = "×".join(str(length or "?") for length in lengths)
        open_axes = [axis for axis, length in enumerate(lengths) if not isinstance(length, int)]
        if len(lengths) == 4 and len(open_axes) == 3:
            raise EdgewiseError(
                f"{path} takes {value.name} of {said} and any number of channels; export it with its own"
            )
        if open_axes and size is None:
            raise EdgewiseError(f"{path} takes {value.name} of {said}; say of how many pixels a side with --input")
        if not open_axes and size is not None and len(lengths) == 4 and size not in lengths[1:]:
            raise EdgewiseError(f"{path} takes {value.name} of {said} and no other; leave --input out")
        settled = [length if isinstance(length, int) else size for length in lengths]
        yield helper.make_tensor_value_info(value.name, tensor.elem_type, settled)


def _length(dimension: Any) -> int | str | None:
    """A number, a name, or nothing."""
    return dimension.dim_value if dimension.dim_value > 0 else dimension.dim_param or None


def _typed(types: Mapping[str, onnx.TypeProto]) -> Iterator[tuple[str, Typed]]:
    """Of what is a tensor and has a shape without open lengths."""
    for name, kind in types.items():
        shape = fixed_shape(kind)
        if shape is not None:
            element = kind.tensor_type.elem_type
            weighs = element not in (TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING)
            yield name, Typed(shape, helper.tensor_dtype_to_np_dtype(element).itemsize, weighs)


_STANDARD: dict[str, tuple[str, tuple[int, ...]]] = {
    "FusedConv": ("Conv", (0, 1, 2)),
    "QGemm": ("Gemm", (0, 3, 6)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearSigmoid": ("Sigmoid", (0,)),
    "QLinearLeakyRelu": ("LeakyRelu", (0,)),
    "QLinearSoftmax": ("Softmax", (0,)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "QLinearConcat": ("Concat", tuple(range(2, 300, 3))),
    "Gelu": ("Sigmoid", (0,)),
    "FastGelu": ("Sigmoid", (0,)),
    "QuickGelu": ("Sigmoid", (0,)),
}
"""ONNX Runtime's own ops: the standard op that has the same shapes and arithmetic, and which inputs that one takes."""


def _standard(node: onnx.NodeProto) -> onnx.NodeProto:
    if node.domain != "com.microsoft" or node.op_type not in _STANDARD:
        return node
    op, slots = _STANDARD[node.op_type]
    inputs = [node.input[slot] for slot in slots if slot < len(node.input)]
    same = helper.make_node(op, inputs, node.output[:1], name=node.name)
    known = onnx.defs.get_schema(op).attributes
    same.attribute.extend(attribute for attribute in node.attribute if attribute.name in known)
    return same
