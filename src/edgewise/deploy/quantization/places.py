"""What a quantised artifact rounds, whoever made it: which values, to which grid, and which weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

_RANGES = {"uint8": (0, 255), "int8": (-128, 127)}


@dataclass(frozen=True)
class Place:
    """A value that is rounded: `q = clip(round(x / scale) + zero_point, lowest, highest)`, one scale for all of it."""

    scale: float
    zero_point: int
    lowest: int
    highest: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number that there is."""
        return (self.lowest - self.zero_point) * self.scale, (self.highest - self.zero_point) * self.scale


@dataclass(frozen=True, eq=False)
class Places:
    """`values` by the names they have in the floating-point artifact, and `weights` as they are after rounding, by the
    node that takes them and at which of its inputs."""

    values: Mapping[str, Place]
    weights: Mapping[tuple[str, int], np.ndarray]


def places_of(model: onnx.ModelProto) -> Places:
    """The places of a quantised artifact, whose nodes and values are called as in the one it was made from.

    All but outputs: what is rounded to give one may have another name.
    """
    constants = {one.name: one for one in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    outputs = {value.name for value in model.graph.output}
    last = {
        node.input[0]: name
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        for name in node.output
        if name in outputs
    }
    values: dict[str, Place] = {}
    weights: dict[tuple[str, int], np.ndarray] = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] not in constants:
            scale, zero = (numpy_helper.to_array(constants[name]) for name in node.input[1:3])
            if scale.size == 1 and zero.dtype.name in _RANGES:
                values[last.get(node.output[0], node.input[0])] = Place(
                    float(scale.item()), int(zero.item()), *_RANGES[zero.dtype.name]
                )
        elif node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            for index, name in enumerate(node.input):
                maker = makers.get(name)
                if index == 1 and maker is not None and maker.op_type == "DequantizeLinear":
                    found = _dequantised(maker, constants)
                    if found is not None:
                        weights[node.name, index] = found
    return Places(values, weights)


def _dequantised(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> np.ndarray | None:
    """The values of a constant after rounding; None for what is computed."""
    if any(name not in constants for name in node.input):
        return None
    integers, scale, *zero = (numpy_helper.to_array(constants[name]) for name in node.input)
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1)

    def along(grid: np.ndarray) -> np.ndarray:
        shape = [-1 if place == axis % integers.ndim else 1 for place in range(integers.ndim)]
        return grid.astype(np.float32).reshape(shape if grid.size > 1 else [])

    offset = along(zero[0]) if zero else np.float32(0)
    return (integers.astype(np.float32) - offset) * along(scale)


def rounded_at(plain: onnx.ModelProto, places: Places, nodes: frozenset[str]) -> onnx.ModelProto:
    """The floating-point artifact `plain` with the roundings of `places` at what the nodes `nodes` take and give, and
    nowhere else. All arithmetic stays in floating point, so that its outputs differ by these roundings alone."""
    model = onnx.ModelProto()
    model.CopyFrom(plain)
    graph = model.graph
    rewritten: list[onnx.NodeProto] = []
    outputs = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    made: set[str] = set()
    for node in graph.node:
        here = node.name in nodes
        for index, name in enumerate(node.input):
            if here and (node.name, index) in places.weights:
                weight = f"{name}.rounded"
                graph.initializer.append(numpy_helper.from_array(places.weights[node.name, index], weight))
                node.input[index] = weight
            elif here and name in places.values and name not in renamed:
                if name not in made:
                    rewritten.extend(_rounding(graph, name, f"{name}.rounded", places.values[name]))
                    made.add(name)
                node.input[index] = f"{name}.rounded"
            else:
                node.input[index] = renamed.get(name, name)
        rewritten.append(node)
        for index, name in enumerate(node.output):
            if not (here and name in places.values):
                continue
            if name in outputs:  # an output keeps its name: what is rounded gets another
                node.output[index] = f"{name}.exact"
                rewritten.extend(_rounding(graph, f"{name}.exact", name, places.values[name]))
            else:
                rewritten.extend(_rounding(graph, name, f"{name}.rounded", places.values[name]))
                renamed[name] = f"{name}.rounded"
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in rewritten]
    del graph.node[:]
    graph.node.extend(copies)
    return model


def _rounding(graph: onnx.GraphProto, source: str, result: str, place: Place) -> Iterator[onnx.NodeProto]:
    """Rounds `source` to `result`, in floating point.

    Not by QuantizeLinear and DequantizeLinear: where ONNX Runtime finds those around an op it makes an integer one of
    it, and rounds its weights by its own lights.
    """
    numbers = {
        "scale": place.scale,
        "lowest": place.lowest - place.zero_point,
        "highest": place.highest - place.zero_point,
    }
    for name, number in numbers.items():
        graph.initializer.append(numpy_helper.from_array(np.array(number, np.float32), f"{result}.{name}"))
    steps = (("Div", ["scale"]), ("Round", []), ("Clip", ["lowest", "highest"]), ("Mul", ["scale"]))
    for number, (kind, given) in enumerate(steps, 1):
        made = result if number == len(steps) else f"{result}.{number}"
        yield onnx.helper.make_node(kind, [source, *(f"{result}.{name}" for name in given)], [made], name=made)
        source = made
