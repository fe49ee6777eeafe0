"""`show` of an ONNX file: the columns of an architecture's table, a line per node."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx.helper import make_node
from running import Command
from test_quick_imports import imported

import edgewise as package
from edgewise.costs import Profile, count
from edgewise.deploy import count_onnx


def test_a_line_per_node_and_the_totals(edgewise: Command, world: Path) -> None:
    ended = edgewise("show", "model.onnx")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "model.onnx"
    first = next(line for line in lines if line.lstrip().startswith("0.conv.conv "))
    assert first.split()[:5] == ["0.conv.conv", "Conv", "3×3,", "HardSwish", "1×8×24×24"]
    assert sum(line.lstrip().startswith("pointwise ") for line in lines) == 1
    costs = count_onnx(world / "model.onnx")
    assert lines[-3] == "input 1×3×24×24"
    assert lines[-2] == f"{costs.multiply_adds / 1e6:.2f}M multiply-adds, {costs.parameters / 1e6:.2f}M parameters"
    assert lines[-1].startswith("in the types of the file: ")


def test_json_is_what_the_function_says(edgewise: Command, world: Path) -> None:
    said = json.loads(edgewise("show", "model.onnx", "--json").out)
    shown = package.show(world / "model.onnx")
    assert said == shown.to_json()
    assert isinstance(shown.costs, Profile)
    assert shown.architecture is None
    assert (said["name"], said["inputs"], said["uncounted"]) == ("model.onnx", [[1, 3, 24, 24]], [])
    assert len(said["rows"]) == len(shown.costs.lines)
    assert said["kinds"]["pointwise"]["multiply_adds"] > 0
    assert "digest" not in said
    model = json.loads(edgewise("show", "model.safetensors", "--json").out)
    assert said["multiply_adds"] == model["multiply_adds"]
    assert set(said["rows"][0]) == set(model["rows"][0])
    assert (
        model["multiply_adds"]
        == count(package.Architecture.from_json((world / "architecture.json").read_text())).multiply_adds
    )


def test_what_is_not_counted_is_noted(edgewise: Command, world: Path) -> None:
    model = onnx.load(world / "model.onnx")
    model.graph.node.append(make_node("Attention", ["logits", "logits"], ["more"], domain="com.microsoft"))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, world / "odd.onnx")
    ended = edgewise("show", "odd.onnx")
    note = "note: the multiply-adds of com.microsoft.Attention are not known and not in these figures"
    assert ended.out.splitlines()[-1] == note


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_torch_and_no_runtime(pristine: Path, options: list[str]) -> None:
    watched = ("torch", "torchvision", "lightning", "torchmetrics", "onnxruntime", "sklearn")
    imported(watched, [["show", "model.onnx", *options]], pristine)
