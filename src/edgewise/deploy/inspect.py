"""What an ONNX file shows by its nodes and inputs, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, ValueInfoProto

from edgewise.deploy.onnx_file import load

_INTEGER = frozenset(
    {
        "QuantizeLinear",
        "DynamicQuantizeLinear",
        "QLinearConv",
        "QLinearMatMul",
        "ConvInteger",
        "MatMulInteger",
    }
)
"""Ops that make integers of a value or compute in them. A file with only `DequantizeLinear` stores small weights and
computes in floating point."""


def is_quantized(path: Path) -> bool:
    """Whether the ONNX file computes in integers. Raises `EdgewiseError` when it is no ONNX model."""
    model = load(path)
    bodies = [model.graph, *model.functions]
    return any(node.op_type in _INTEGER for body in bodies for node in body.node)


def image_shape(path: Path) -> tuple[int, int, int] | None:
    """The `(C, H, W)` that the file's one input `(N, C, H, W)` has; None where it has others, or leaves one open.

    Raises `EdgewiseError` when it is no ONNX model.
    """
    inputs = _inputs(path)
    if len(inputs) != 1:
        return None
    extents = [extent.dim_value for extent in inputs[0].type.tensor_type.shape.dim]
    return (extents[1], extents[2], extents[3]) if len(extents) == 4 and min(extents[1:]) > 0 else None


def takes_pixels(path: Path) -> bool:
    """Whether the file's first input is of uint8. Raises `EdgewiseError` when it is no ONNX model."""
    return any(value.type.tensor_type.elem_type == TensorProto.UINT8 for value in _inputs(path)[:1])


def _inputs(path: Path) -> list[ValueInfoProto]:
    graph = load(path).graph
    constants = {constant.name for constant in graph.initializer}
    return [value for value in graph.input if value.name not in constants]
