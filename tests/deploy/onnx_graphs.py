"""Small ONNX files written by hand, as other exporters write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dimension = int | str | None
RUNTIME = "com.microsoft"


def write(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, np.ndarray] | None = None,
    *,
    image: Sequence[Dimension] = (1, 4, 6, 5),
    image_type: int = TensorProto.FLOAT,
    output: str = "y",
    opset: int = 17,
    functions: Sequence[onnx.FunctionProto] = (),
) -> Path:
    """A model from `x`, of the shape `image`, to `output`, whose shape it does not say."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", image_type, image)],
        [helper.make_empty_tensor_value_info(output)],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(RUNTIME, 1), helper.make_opsetid("own", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, functions=functions), path)
    return path


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)
