"""A graph with its tensors to one ONNX file: batch norm folded, static shapes, HardSwish kept as one op."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy.artifact import ArtifactCard, exportable, metadata_of
from edgewise.deploy.fold import Tensors, folded
from edgewise.deploy.onnx_ops import EMIT, Emitter
from edgewise.deploy.rewrites import PLAIN, rewritten
from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.papers.architecture import Architecture
from edgewise.version import VERSION

OPSET = 17
"""Old enough for the runtimes of the last years, new enough for HardSwish (14)."""

IMAGE, LOGITS = "image", "logits"
"""Names of the artifact's input and of its main output."""


def export_onnx(
    architecture: Architecture,
    tensors: Tensors,
    path: Path,
    *,
    card: ArtifactCard | None = None,
    form: str = PLAIN,
) -> Path:
    """Writes `architecture` with `tensors` to `path` for batches of one image.

    `form` is one of those that give the same outputs (`edgewise.deploy.rewrites`).

    The input `image` is float32 `(1, C, H, W)`, normalised; where the card says `normalise_inside` it is uint8 pixels
    and the first nodes normalise. The first output, `logits`, is float32 `(1, classes)`; those that rows emit follow
    under their own names, except those that only help to train. What the card says stands in the model's metadata under
    `edgewise.*`. Raises `EdgewiseError` when tensors are missing, too many or of the wrong shape, or the card does not
    fit the architecture.
    """
    graph, constants = folded(architecture.graph, exportable(architecture, tensors, card))
    graph, constants = rewritten(graph, constants, form)
    emit = Emitter(constants)
    image = TensorProto.FLOAT
    names = {0: IMAGE}
    if card is not None and card.normalise_inside:
        image = TensorProto.UINT8
        names[0] = _normalise(emit, card.preprocessing)
    outputs = [(LOGITS, graph.outputs["output"])]
    outputs += [(name, index) for name, index in graph.outputs.items() if name != "output"]
    called = {index: name for name, index in reversed(outputs) if index}
    for index, node in enumerate(graph.nodes[1:], 1):
        inputs = [names[i] for i in node.inputs]
        EMIT[type(node.op)](emit, node.op, node.name, graph.nodes[node.inputs[0]].shape, inputs)
        names[index] = called.get(index, node.name)
        emit.nodes[-1].output[0] = names[index]  # an output goes by its own name
    for name, index in outputs:
        if names[index] != name:  # one value under two names
            emit.node("Identity", [names[index]], name)
    body = helper.make_graph(
        [],
        architecture.name,
        [helper.make_tensor_value_info(IMAGE, image, (1, *architecture.input))],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *graph.nodes[index].shape))
            for name, index in outputs
        ],
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="edgewise", producer_version=VERSION
    )
    # Only now, because `make_model` copies what it is given.
    model.graph.node.extend(emit.nodes)
    model.graph.initializer.extend(emit.constants.values())
    model.ir_version = 8  # the one opset 17 came with; newer ones are refused by older runtimes
    helper.set_model_props(model, metadata_of(architecture, card))
    _check(model, architecture.name)
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    return path


def _check(model: onnx.ModelProto, name: str) -> None:
    """Has ONNX check types and infer all shapes, on a twin whose weights are inputs.

    The checker copies a model several times over; without the weights that takes milliseconds. Small constants stay:
    they hold the shapes that inference needs.
    """
    twin = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    twin.graph.name = model.graph.name
    twin.graph.node.extend(model.graph.node)
    twin.graph.input.extend(model.graph.input)
    twin.graph.output.extend(model.graph.output)
    for constant in model.graph.initializer:
        if len(constant.raw_data) > 1024:
            twin.graph.input.append(helper.make_tensor_value_info(constant.name, constant.data_type, constant.dims))
        else:
            twin.graph.initializer.append(constant)
    try:
        onnx.checker.check_model(twin, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EdgewiseError(f"{name} makes no valid ONNX model: {reason}") from None


def _normalise(emit: Emitter, preprocessing: Preprocessing) -> str:
    """`(pixels / 255 − mean) / std` as one multiplication and one addition per channel."""
    mean, deviation = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (preprocessing.mean, preprocessing.std))
    pixels = emit.node("Cast", [IMAGE], "normalise.cast", to=TensorProto.FLOAT)
    scale = emit.constant("normalise.scale", (1 / (255 * deviation)).astype(np.float32))
    shift = emit.constant("normalise.shift", (-mean / deviation).astype(np.float32))
    return emit.node("Add", [emit.node("Mul", [pixels, scale], "normalise.scaled"), shift], "normalise")
