"""What the exported file holds, and that it is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from through_onnx import made_of, network_of, onnx_outputs, torch_outputs

from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_onnx, random_tensors, read_artifact
from edgewise.errors import EdgewiseError
from edgewise.graph.ops import Convolution
from edgewise.papers import Architecture, find
from edgewise.version import VERSION

Export = Callable[..., Path]


def test_what_the_file_says_of_itself(export: Export, small: Architecture, preprocessing: Preprocessing) -> None:
    path = export(multi_label=True)
    card = read_artifact(path)
    assert card.preprocessing == preprocessing
    assert card.classes == ("katze", "собака", "鳥 🐦")
    assert card.multi_label is True
    assert card.normalise_inside is False
    assert card.digest == small.digest
    model = onnx.load(path)
    assert (model.producer_name, model.producer_version) == ("edgewise", VERSION)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["edgewise.version"] == VERSION
    assert Architecture.from_dict(json.loads(said["edgewise.architecture"])) == small


def test_names_that_are_no_text(small: Architecture, preprocessing: Preprocessing, tmp_path: Path) -> None:
    """A folder's name may hold bytes that are not UTF-8; Python gives them as lone surrogates."""
    classes = ("a", "\udcff", "c")
    path = export_onnx(small, random_tensors(small), tmp_path / "m.onnx", card=ArtifactCard(preprocessing, classes))
    assert read_artifact(path).classes == classes


def test_old_enough_for_the_runtimes_of_the_last_years(export: Export) -> None:
    model = onnx.load(export())
    assert model.ir_version == 8
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]


def test_input_and_output(export: Export) -> None:
    graph = onnx.load(export()).graph
    (image,), (logits,) = graph.input, graph.output
    assert (image.name, image.type.tensor_type.elem_type) == ("image", onnx.TensorProto.FLOAT)
    assert [dim.dim_value for dim in image.type.tensor_type.shape.dim] == [1, 3, 8, 12]
    assert (logits.name, logits.type.tensor_type.elem_type) == ("logits", onnx.TensorProto.FLOAT)
    assert [dim.dim_value for dim in logits.type.tensor_type.shape.dim] == [1, 3]


def test_values_are_named_as_in_the_paper(export: Export) -> None:
    names = {node.name for node in onnx.load(export()).graph.node}
    assert {"0.conv.conv", "1.expand.conv", "1.depthwise.activation", "2.hidden"} <= names


def test_the_same_network_gives_the_same_file(export: Export) -> None:
    assert export("a.onnx").read_bytes() == export("b.onnx").read_bytes()


@pytest.mark.parametrize("seed", [0, 1])
def test_normalisation_inside(
    seed: int, export: Export, small: Architecture, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    outside, inside = export("outside.onnx", seed=seed), export("inside.onnx", seed=seed, inside=True)
    assert read_artifact(inside).normalise_inside is True
    assert onnx.load(inside).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    extremes = np.stack([np.zeros_like(pixels[0]), np.full_like(pixels[0], 255)])
    network = network_of(small, random_tensors(small, seed))
    for image in (*pixels, *extremes):
        normal = preprocessing.normalised(image)[None]
        expected = onnx_outputs(outside, normal)["logits"]
        given = np.ascontiguousarray(image.transpose(2, 0, 1)[None])
        np.testing.assert_allclose(onnx_outputs(inside, given)["logits"], expected, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(torch_outputs(network, normal)["logits"], expected, atol=1e-4, rtol=1e-4)


def test_normalisation_inside_costs_three_nodes(export: Export) -> None:
    outside, inside = (onnx.load(export(f"{inside}.onnx", inside=inside)).graph.node for inside in (False, True))
    assert [node.op_type for node in inside[:3]] == ["Cast", "Mul", "Add"]
    assert [node.op_type for node in inside[3:]] == [node.op_type for node in outside]


@pytest.mark.parametrize(
    ("name", "array", "should", "is_now"),
    [
        ("0.conv.conv.weight", None, "[8, 3, 3, 3]", "absent"),
        ("1.expand.norm.running_var", None, "[16]", "absent"),
        ("2.classes.bias", None, "[3]", "absent"),
        ("2.classes.weight", np.ones((4, 16)), "[3, 16]", "[4, 16]"),
        ("2.classes.bias", np.ones(()), "[3]", "[]"),
        ("0.conv.norm.weight", np.ones((8, 1)), "[8]", "[8, 1]"),
        ("9.conv.weight", np.ones(1), "absent", "[1]"),
    ],
)
def test_tensors_of_another_network(
    name: str, array: np.ndarray | None, should: str, is_now: str, small: Architecture, tmp_path: Path
) -> None:
    tensors = random_tensors(small)
    if array is None:
        del tensors[name]
    else:
        tensors[name] = array
    with pytest.raises(EdgewiseError) as caught:
        export_onnx(small, tensors, tmp_path / "m.onnx")
    assert str(caught.value) == f"these are not the tensors of small: {name} should be {should} and is {is_now}"
    assert not list(tmp_path.iterdir())


def test_a_deeper_network_is_not_taken_for_a_shallower_one(tmp_path: Path) -> None:
    """Every tensor of the one has its place in the other, too."""
    narrow, wide = (find(name).with_input(32) for name in ("resnet18", "resnet34"))
    with pytest.raises(EdgewiseError, match="not the tensors of resnet18"):
        export_onnx(narrow, random_tensors(wide), tmp_path / "m.onnx")


def test_counters_and_double_precision_are_taken(small: Architecture, tmp_path: Path) -> None:
    tensors = {name: array.astype(np.float64) for name, array in random_tensors(small).items()}
    tensors["0.conv.norm.num_batches_tracked"] = np.array(7)
    model = onnx.load(export_onnx(small, tensors, tmp_path / "m.onnx"))
    constants = {constant.data_type for constant in model.graph.initializer}
    assert constants == {onnx.TensorProto.FLOAT}


def test_what_does_not_belong_together(small: Architecture, preprocessing: Preprocessing, tmp_path: Path) -> None:
    other = replace(preprocessing, width=8)
    with pytest.raises(EdgewiseError, match="takes images of 8×12 pixels and the preprocessing makes 8×8"):
        export_onnx(small, random_tensors(small), tmp_path / "m.onnx", card=ArtifactCard(other))
    with pytest.raises(EdgewiseError, match="2 class names were given for small, which tells 3 classes apart"):
        export_onnx(small, random_tensors(small), tmp_path / "m.onnx", card=ArtifactCard(preprocessing, ("a", "b")))
    assert not list(tmp_path.iterdir())


def test_a_network_that_is_no_classifier(tmp_path: Path) -> None:
    architecture = made_of(Convolution(2, (3, 3)))
    assert export_onnx(architecture, random_tensors(architecture), tmp_path / "m.onnx").exists()
    card = ArtifactCard(Preprocessing(*architecture.input[1:], (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), ("a", "b"))
    with pytest.raises(EdgewiseError, match="does not end in a classifier"):
        export_onnx(architecture, random_tensors(architecture), tmp_path / "n.onnx", card=card)


def test_a_failed_write_leaves_the_old_file(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full after some bytes."""
    path = export()
    before = path.read_bytes()

    def half(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises((EdgewiseError, OSError)):
        export(seed=1)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_failed_check_writes_nothing(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: onnx.ModelProto, full_check: bool) -> None:
        raise onnx.checker.ValidationError("Nodes in a graph must be topologically sorted\nContext: …")

    path = export()
    before = path.read_bytes()
    monkeypatch.setattr(onnx.checker, "check_model", refuse)
    with pytest.raises(EdgewiseError, match=r"^small makes no valid ONNX model: Nodes in a graph .* sorted$"):
        export(seed=1)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_the_folder_is_made(small: Architecture, tmp_path: Path) -> None:
    assert export_onnx(small, random_tensors(small), tmp_path / "a" / "b" / "m.onnx").exists()


def test_a_folder_that_cannot_be_made(small: Architecture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgewiseError, match="cannot write"):
        export_onnx(small, random_tensors(small), tmp_path / "file" / "m.onnx")
