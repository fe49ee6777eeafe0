"""Reading what an artifact says: of files that are none, one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgewise.deploy import read_artifact
from edgewise.errors import EdgewiseError

Export = Callable[..., Path]


def refused(path: Path) -> str:
    """The sentence; it names the file."""
    with pytest.raises(EdgewiseError) as caught:
        read_artifact(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["m.onnx", "m.json", "m.textproto", "m.txt", "m"])
@pytest.mark.parametrize("content", [b"", b"not a model\n", b"{}", bytes(1000), b"\x08"])
def test_files_that_are_no_model(name: str, content: bytes, tmp_path: Path) -> None:
    """Whatever their names end in."""
    path = tmp_path / name
    path.write_bytes(content)
    assert "no ONNX model" in refused(path)


def test_random_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for size in (1, 10, 100, 1000):
        path = tmp_path / f"{size}.onnx"
        path.write_bytes(random.bytes(size))
        refused(path)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "absent.onnx")
    assert "directory" in refused(tmp_path)


def test_a_name_that_does_not_say_onnx(export: Export) -> None:
    assert read_artifact(export("model.json")) == read_artifact(export("model.onnx"))


def test_cut_short(export: Export, tmp_path: Path) -> None:
    whole = export().read_bytes()
    path = tmp_path / "cut.onnx"
    for share in (0.001, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: round(len(whole) * share)])
        refused(path)
    path.write_bytes(whole[:-1])
    refused(path)


def test_anothers_model(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2))
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [result])
    path = tmp_path / "foreign.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    assert "does not say how images are prepared" in refused(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("edgewise.preprocessing", "{}"),
        ("edgewise.preprocessing", "[1, 2]"),
        ("edgewise.preprocessing", "not JSON"),
        ("edgewise.classes", "5"),
        ("edgewise.classes", '"abc"'),
        ("edgewise.classes", "[1, 2, 3]"),
        ("edgewise.multi_label", "1"),
        ("edgewise.normalise_inside", "null"),
    ],
)
def test_damaged_metadata(key: str, value: str, export: Export) -> None:
    path = export()
    model = onnx.load(path)
    for entry in model.metadata_props:
        if entry.key == key:
            entry.value = value
    onnx.save(model, path)
    assert "does not say how images are prepared" in refused(path)
