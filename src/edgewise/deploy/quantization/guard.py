"""What stays in floating point in a quantised file, kept so when ONNX Runtime loads it."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

_PRODUCTS = frozenset(("Conv", "Gemm", "MatMul"))


def guarded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with a bound before each product that takes a dequantised value and has floating-point weights.

    Such a product that gives a value to be quantised is taken for an oversight by ONNX Runtime's optimiser
    (WeightBiasQuantization): it quantises the weights, all channels by one scale, which depthwise filters do not bear.
    The bound is one that no dequantised value reaches, so outputs stay the same; but the pattern is gone.
    """
    makers = {name: node for node in model.graph.node for name in node.output}
    constants = {one.name: one for one in model.graph.initializer}
    bounded: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for original in model.graph.node:
        node = onnx.NodeProto()
        node.CopyFrom(original)
        maker = makers.get(node.input[0]) if node.op_type in _PRODUCTS else None
        if maker is not None and maker.op_type == "DequantizeLinear" and node.input[1] in constants:
            value = node.input[0]
            if value not in bounded:
                bounded.add(value)
                scale, zero = (numpy_helper.to_array(constants[name]) for name in maker.input[1:3])
                kind = np.iinfo(zero.dtype)
                for name, integer in (("lowest", kind.min - 1), ("highest", kind.max + 1)):
                    bound = np.array((integer - int(zero)) * float(scale), np.float32)
                    model.graph.initializer.append(numpy_helper.from_array(bound, f"{value}.{name}"))
                bounds = [f"{value}.lowest", f"{value}.highest"]
                nodes.append(helper.make_node("Clip", [value, *bounds], [f"{value}.bounded"], name=f"{value}.bounded"))
            node.input[0] = f"{value}.bounded"
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
