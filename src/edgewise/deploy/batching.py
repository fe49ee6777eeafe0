"""An ONNX file for one image rewritten for batches: to compare what a batch gives with what several streams give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from edgewise.deploy.onnx_file import load
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes

_SHAPED = {"Reshape": 1, "Expand": 1, "Resize": 3}
"""Ops that are told a whole shape, and by which of their inputs."""


def rebatched(artifact: Path, out: Path, batch: int) -> Path:
    """Writes `artifact`, whose input is `(1, …)`, to `out` for inputs `(batch, …)`; returns `out`.

    Shapes that the file has as constants are changed from 1 to `batch` in front. Whether that was all is for the
    caller to see by its outputs. Raises `EdgewiseError` when the file has other inputs, no constant shapes, or weights
    in other files.
    """
    model = load(artifact)
    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or _first(inputs[0]) != 1:
        raise EdgewiseError(f"{artifact} has not one input of one image, so it cannot be made to take {batch}")
    if any(constant.data_location == TensorProto.EXTERNAL for constant in graph.initializer):
        raise EdgewiseError(f"{artifact} has weights in other files, so it cannot be made to take {batch} images")
    for node in graph.node:
        place = _SHAPED.get(node.op_type)
        if place is None or len(node.input) <= place or not node.input[place]:
            continue
        given = constants.get(node.input[place])
        if given is None:
            raise EdgewiseError(f"{artifact} computes the shape of {node.name!r}, so it cannot be made to take {batch}")
        shape = numpy_helper.to_array(given)
        if len(shape) and shape[0] == 1:
            name = f"{given.name}.of_{batch}"
            if name not in constants:
                constants[name] = numpy_helper.from_array(np.array([batch, *shape[1:]], shape.dtype), name)
                graph.initializer.append(constants[name])
            node.input[place] = name
    for value in (inputs[0], *graph.output):
        if _first(value) == 1:
            value.type.tensor_type.shape.dim[0].dim_value = batch
    del graph.value_info[:]
    write_bytes(out, model.SerializeToString())
    return out


def _first(value: onnx.ValueInfoProto) -> int:
    """The first extent of a value, 0 where it has none."""
    extents = value.type.tensor_type.shape.dim
    return extents[0].dim_value if len(extents) else 0
