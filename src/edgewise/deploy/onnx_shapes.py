"""The shapes of an ONNX graph's values, node by node, with the values of what shapes are computed from.

ONNX's inference over a whole model follows few ops that compute shapes, and exporters write them with many.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.checker import ValidationError
from onnx.defs import SchemaError, get_schema
from onnx.reference import ReferenceEvaluator
from onnx.shape_inference import InferenceError, infer_node_outputs

SMALL = 256
"""Values of up to so many elements may be shapes, and are computed."""


_BYTES = (TensorProto.INT8, TensorProto.UINT8)


class Shapes:
    """Types and small values by name, for the operator sets `opsets` (version by domain)."""

    def __init__(self, opsets: Mapping[str, int]) -> None:
        self.types: dict[str, onnx.TypeProto] = {}
        self._values: dict[str, TensorProto] = {}
        self._opsets = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
        self._versions = {"" if domain == "ai.onnx" else domain: version for domain, version in opsets.items()}

    def say(self, name: str, kind: onnx.TypeProto) -> None:
        """What the file says itself, where that leaves nothing open."""
        if fixed_shape(kind) is not None:
            self.types[name] = kind

    def know(self, name: str, constant: TensorProto) -> None:
        self.types[name] = helper.make_tensor_type_proto(constant.data_type, constant.dims)
        if prod(constant.dims) <= SMALL and constant.data_location != TensorProto.EXTERNAL:
            self._values[name] = constant

    def infer(self, node: onnx.NodeProto) -> None:
        """Finds the types of what `node` makes, if those of its inputs are known and ONNX knows the op."""
        given = [name for name in node.input if name]
        if not all(name in self.types for name in given):
            return
        if node.op_type == "Constant" and (value := _value_of(node)) is not None:
            self.know(node.output[0], value)
            return
        known = {name: self._values[name] for name in given if name in self._values}
        made = self._inferred(node, {name: self.types[name] for name in given}, known)
        self.types |= {name: kind for name, kind in made.items() if fixed_shape(kind) is not None}
        shapes = [fixed_shape(kind) for kind in made.values()]
        if all(shape is not None and prod(shape) <= SMALL for shape in shapes):
            self._compute(node, given)

    def _inferred(
        self, node: onnx.NodeProto, types: dict[str, onnx.TypeProto], known: dict[str, TensorProto]
    ) -> dict[str, onnx.TypeProto]:
        """The types of the results; none where ONNX does not know the op. What stays unknown is named where it is
        missed."""
        domain = "" if node.domain == "ai.onnx" else node.domain
        try:
            schema = get_schema(node.op_type, self._versions.get(domain, 1), domain)
            return infer_node_outputs(schema, node, types, known, opset_imports=self._opsets)
        except ValidationError:
            # A runtime's op on bytes, which the standard op of the same shapes takes no bytes for.
            element = next(iter(types.values())).tensor_type.elem_type
            if element not in _BYTES:
                return {}
            made = self._inferred(node, {name: _with_type(kind, TensorProto.FLOAT) for name, kind in types.items()}, {})
            return {name: _with_type(kind, element) for name, kind in made.items()}
        except (SchemaError, InferenceError, ValueError, RuntimeError):
            return {}

    def _compute(self, node: onnx.NodeProto, given: list[str]) -> None:
        """The values of the results, where they follow from small values or from a shape alone."""
        if node.op_type in ("Shape", "Size"):
            shape = np.array(fixed_shape(self.types[given[0]]), np.int64)
            start, end = (_integer(node, name, default) for name, default in (("start", 0), ("end", len(shape))))
            value = shape[start:end] if node.op_type == "Shape" else np.array(shape.prod())
            self._values[node.output[0]] = numpy_helper.from_array(value, node.output[0])
            return
        if not given or not all(name in self._values for name in given) or node.op_type.startswith("Random"):
            return
        inputs, outputs = (
            [helper.make_empty_tensor_value_info(name) for name in some] for some in (given, node.output)
        )
        graph = helper.make_graph([node], "one", inputs, [one for one in outputs if one.name])
        try:
            run = ReferenceEvaluator(helper.make_model(graph, opset_imports=self._opsets)).run
            results = run(None, {name: numpy_helper.to_array(self._values[name]) for name in given})
        except Exception:  # any of a hundred ops written in Python; without its value a shape stays unknown
            return
        for name, result in zip(filter(None, node.output), results, strict=True):
            if isinstance(result, np.ndarray | np.generic):
                self._values[name] = numpy_helper.from_array(np.asarray(result), name)


def fixed_shape(kind: onnx.TypeProto) -> tuple[int, ...] | None:
    """The shape of a tensor; None where a length is open or it is no tensor."""
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    if not all(length.HasField("dim_value") and length.dim_value >= 0 for length in tensor.shape.dim):
        return None
    return tuple(length.dim_value for length in tensor.shape.dim)


def _with_type(kind: onnx.TypeProto, element: int) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(element, fixed_shape(kind))


def _value_of(node: onnx.NodeProto) -> TensorProto | None:
    return next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == name), default)
