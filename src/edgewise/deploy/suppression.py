"""An ONNX detector that decodes its boxes and suppresses overlapping ones itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgewise.blocks import Task
from edgewise.deploy.artifact import SELECTION, read_architecture
from edgewise.deploy.onnx_file import load
from edgewise.deploy.onnx_ops import Emitter
from edgewise.detection import Selection, anchor_boxes
from edgewise.detection.coding import CENTRE, LARGEST, SIZE
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes

OUTPUTS = ("boxes", "scores", "labels")
"""What it gives for an image, the best box first: boxes `(N, 4)` (left, top, right, bottom) as shares of the image,
scores `(N,)` and int64 classes `(N,)`, from 0."""

USUAL = Selection()

_DISTANCES = "distances"


def check_suppression(task: Task, model: Path, suffixes: Sequence[str]) -> None:
    """Raises `EdgewiseError` where `model` finds no boxes, or artifacts of one of these endings cannot suppress any."""
    if task != "detect":
        raise EdgewiseError(f"{model} finds no boxes, so there is nothing to suppress; leave --suppress-inside out")
    if any(suffix != ".onnx" for suffix in suffixes):
        raise EdgewiseError(
            "only .onnx artifacts can suppress boxes inside; leave --suppress-inside out, and `edgewise predict` and "
            "`edgewise.detection` do it outside"
        )


def with_suppression(artifact: Path, out: Path, selection: Selection = USUAL) -> Path:
    """Writes the ONNX detector `artifact`, in whatever precision, to `out` with what `edgewise.detection.selected`
    does of its raw outputs behind it (`OUTPUTS`); returns `out`.

    Scores below the `best`th of a class are taken for none before suppression, so that both choose alike. Raises
    `EdgewiseError` where the artifact is no `.onnx` of a detector's with raw outputs.
    """
    model = load(artifact)
    anchors = anchor_boxes(read_architecture(artifact))
    if SELECTION in {entry.key for entry in model.metadata_props}:
        raise EdgewiseError(f"{artifact} suppresses overlapping boxes already; give it as it is")
    logits = model.graph.output[0].name
    _rename(model.graph, OUTPUTS[0], _DISTANCES)
    emit = Emitter({})
    shares = _shares(emit, logits)
    boxes = _decoded(emit, anchors)
    _selected(emit, boxes, shares, anchors=len(anchors), classes=_classes(model), selection=selection)
    graph = model.graph
    graph.node.extend(emit.nodes)
    graph.initializer.extend(emit.constants.values())
    del graph.output[:]
    for name, kind, shape in zip(
        OUTPUTS,
        (TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.INT64),
        (["found", 4], ["found"], ["found"]),
        strict=True,
    ):
        graph.output.append(helper.make_tensor_value_info(name, kind, shape))
    entry = model.metadata_props.add()
    entry.key, entry.value = SELECTION, json.dumps(selection.to_json())
    write_bytes(out, model.SerializeToString())
    return out


def shipped(artifact: Path, task: Task) -> Path:
    """The artifact as a fit delivers it: of a detector one beside it that suppresses boxes itself, else as it is."""
    if task != "detect":
        return artifact
    return with_suppression(artifact, artifact.with_suffix(f".found{artifact.suffix}"))


def _classes(model: onnx.ModelProto) -> int:
    return model.graph.output[0].type.tensor_type.shape.dim[2].dim_value - 1


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new


def _shares(emit: Emitter, logits: str) -> str:
    """Class probabilities `(1, classes, anchors)`, without the background's."""
    every = emit.node("Softmax", [logits], "suppress.softmax", axis=-1)
    bounds = [emit.constant(f"suppress.{n}", np.array([v])) for n, v in (("one", 1), ("end", 2**31), ("last", 2))]
    things = emit.node("Slice", [every, *bounds], "suppress.things")
    return emit.node("Transpose", [things], "suppress.shares", perm=[0, 2, 1])


def _decoded(emit: Emitter, anchors: np.ndarray) -> str:
    """Boxes `(1, anchors, 4)`, as `edgewise.detection.decoded` computes them."""
    halves = [emit.constant(f"suppress.half{n}", np.array(v)) for n, v in enumerate(([0], [2], [4], [2]))]

    def half(first: int, name: str) -> str:
        return emit.node("Slice", [_DISTANCES, halves[first], halves[first + 1], halves[3]], name)

    centre_scale = emit.constant("suppress.centre_scale", (anchors[None, :, 2:] / CENTRE).astype(np.float32))
    centre_shift = emit.constant("suppress.centres", np.ascontiguousarray(anchors[None, :, :2]))
    moved = emit.node("Mul", [half(0, "suppress.moves"), centre_scale], "suppress.moved")
    centres = emit.node("Add", [moved, centre_shift], "suppress.centred")
    size_scale = emit.constant("suppress.size_scale", np.array(1 / SIZE, np.float32))
    logarithms = emit.node("Mul", [half(1, "suppress.growths"), size_scale], "suppress.logarithms")
    largest = emit.constant("suppress.largest", np.array(LARGEST, np.float32))
    bounded = emit.node("Min", [logarithms, largest], "suppress.bounded")
    halved = emit.constant("suppress.halved", np.ascontiguousarray(anchors[None, :, 2:] / 2))
    reach = emit.node("Mul", [emit.node("Exp", [bounded], "suppress.factors"), halved], "suppress.reach")
    low = emit.node("Sub", [centres, reach], "suppress.low")
    high = emit.node("Add", [centres, reach], "suppress.high")
    whole = emit.node("Concat", [low, high], "suppress.whole", axis=2)
    edges = [emit.constant(f"suppress.edge{value}", np.array(value, np.float32)) for value in (0, 1)]
    return emit.node("Clip", [whole, *edges], "suppress.boxes")


def _selected(emit: Emitter, boxes: str, shares: str, *, anchors: int, classes: int, selection: Selection) -> None:
    """Adds the nodes that give `OUTPUTS`."""
    nothing = emit.constant("suppress.nothing", np.array(0, np.float32))
    if anchors > selection.best:
        count = emit.constant("suppress.best", np.array([selection.best]))
        emit.node("TopK", [shares, count], "suppress.tops", axis=2)
        emit.nodes[-1].output.append("suppress.top_places")
        last = [
            emit.constant(f"suppress.{name}", np.array([value]))
            for name, value in (("from", selection.best - 1), ("to", selection.best), ("along", 2))
        ]
        least = emit.node("Slice", ["suppress.tops", *last], "suppress.least")
        good = emit.node("GreaterOrEqual", [shares, least], "suppress.good")
        shares = emit.node("Where", [good, shares, nothing], "suppress.candidates")
    limits = [
        emit.constant("suppress.most_each", np.array([min(selection.best, anchors)])),
        emit.constant("suppress.overlap", np.array([selection.overlap], np.float32)),
        emit.constant("suppress.least_score", np.array([selection.least_score], np.float32)),
    ]
    places = emit.node("NonMaxSuppression", [boxes, shares, *limits], "suppress.kept")
    scores = emit.node("GatherND", [shares, places], "suppress.scores")
    one = emit.constant("suppress.axis1", np.array(1))
    two = emit.constant("suppress.axis2", np.array(2))
    labels = emit.node("Gather", [places, one], "suppress.labels", axis=1)
    anchors_kept = emit.node("Gather", [places, two], "suppress.anchors", axis=1)
    most = emit.constant("suppress.most", np.array([min(selection.most, anchors * classes)]))
    count = emit.node("Min", [emit.node("Shape", [scores], "suppress.count"), most], "suppress.shown")
    emit.node("TopK", [scores, count], OUTPUTS[1], axis=0)
    emit.nodes[-1].output.append("suppress.order")
    kept = emit.node("Gather", [anchors_kept, "suppress.order"], "suppress.shown_anchors", axis=0)
    flat = emit.node("Squeeze", [boxes, emit.constant("suppress.first", np.array([0]))], "suppress.flat")
    emit.node("Gather", [flat, kept], OUTPUTS[0], axis=0)
    emit.node("Gather", [labels, "suppress.order"], OUTPUTS[2], axis=0)
