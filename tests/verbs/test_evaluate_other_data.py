"""`evaluate` on data that is not what the model was trained on: some of its classes, one split, ImageNet's folders."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import Made

import edgewise
from edgewise import Architecture, EdgewiseError
from edgewise.blocks import Classifier, ConvBNAct
from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_onnx, tensors_of
from edgewise.nn import Network
from edgewise.weights import ModelCard, save_model
from edgewise.weights.imagenet import CLASSES, ids


@pytest.fixture(scope="module", params=[".safetensors", ".onnx"])
def thousand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of ImageNet's classes that takes every image for a goldfish (class 1), a tench (0) at second best."""
    architecture = Architecture(
        "tiny", (ConvBNAct(out_channels=4, stride=2), Classifier(classes=1000)), input=(3, 8, 8)
    )
    network = Network(architecture, seed=0)
    bias = network.get_parameter("1.classes.bias")
    with torch.no_grad():
        network.get_parameter("1.classes.weight").zero_()
        bias.copy_(torch.linspace(0, -10, 1000))
        bias[1] = 10
    path = tmp_path_factory.mktemp("thousand") / f"model{request.param}"
    preprocessing = Preprocessing(8, 8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    if request.param == ".onnx":
        export_onnx(architecture, tensors_of(network.eval()), path, card=ArtifactCard(preprocessing, CLASSES))
    else:
        save_model(path, network, ModelCard(architecture, preprocessing, CLASSES))
    return path


def jpegs(root: Path, counts: dict[str, int]) -> Path:
    random = np.random.default_rng(0)
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for index in range(count):
            pixels = random.integers(0, 256, (9, 10, 3), np.uint8)
            Image.fromarray(pixels).save(root / name / f"ILSVRC2012_val_{index:08}.JPEG", "JPEG")
    return root


@pytest.mark.parametrize("layout", ["", "val"])
def test_folders_named_by_wordnet_ids(thousand: Path, tmp_path: Path, layout: str) -> None:
    jpegs(tmp_path / "data" / layout, {ids()[1]: 3, ids()[0]: 2, ids()[999]: 1})
    found = edgewise.evaluate(thousand, tmp_path / "data", split="all", workers=0)
    assert found.per_class() == {"tench": (2, 0.0), "goldfish": (3, 1.0), "toilet tissue": (1, 0.0)}
    assert (found.images, found.split, found.classes) == (6, "all", CLASSES)
    assert found.scores.accuracy == 3 / 6
    assert found.scores.top5 == pytest.approx(5 / 6)
    assert found.scores.probabilities is None
    (note,) = found.notes
    assert note.endswith("has images of 3 of the model's 1000 classes; it is scored among all of them")


def test_readable_names_and_ids_are_the_same_classes(thousand: Path, tmp_path: Path) -> None:
    jpegs(tmp_path, {"goldfish": 2, ids()[1]: 1, "crane (bird)": 1})
    found = edgewise.evaluate(thousand, tmp_path, split="all", workers=0)
    assert found.per_class() == {"goldfish": (3, 1.0), "crane (bird)": (1, 0.0)}


def test_an_id_that_is_none_of_the_thousand(thousand: Path, tmp_path: Path) -> None:
    jpegs(tmp_path, {ids()[1]: 2, "n00004475": 1, "cat": 1})
    with pytest.raises(EdgewiseError, match=r"are not those of .*: cat, n00004475; evaluate on"):
        edgewise.evaluate(thousand, tmp_path, split="all", workers=0)


def test_a_model_of_other_classes_does_not_know_ids(made: Made, tmp_path: Path) -> None:
    jpegs(tmp_path, {ids()[1]: 2, "cat": 2})
    with pytest.raises(EdgewiseError, match=rf": {ids()[1]}; evaluate on"):
        edgewise.evaluate(made.model_file, tmp_path, split="all")


def test_predictions_are_named_for_people(thousand: Path, tmp_path: Path) -> None:
    (one,) = edgewise.predict([jpegs(tmp_path, {ids()[5]: 1})], thousand, top=2)
    assert one.classes == ("goldfish", "tench")


def test_some_of_the_classes_score_as_they_do_among_all(made: Made, tmp_path: Path) -> None:
    for name in ("dög pup", "eel"):
        shutil.copytree(made.images / name, tmp_path / "some" / name)
    for model in (made.model_file, made.artifact):
        everything = edgewise.evaluate(model, made.images, split="all")
        some = edgewise.evaluate(model, tmp_path / "some", split="all")
        assert (everything.images, some.images) == (60, 40)
        assert everything.notes == ()
        assert some.notes[0].endswith("has images of 2 of the model's 3 classes; it is scored among all of them")
        assert some.images_per_class == (0, 20, 20)
        assert some.per_class() == {name: everything.per_class()[name] for name in ("dög pup", "eel")}
        assert some.scores.confusion is not None
        assert everything.scores.confusion is not None
        np.testing.assert_array_equal(some.scores.confusion[1:], everything.scores.confusion[1:])
        assert not some.scores.confusion[0].any()


def test_all_is_all_splits_together(made: Made) -> None:
    parts = [edgewise.evaluate(made.model_file, made.images, split=name).scores for name in ("train", "val", "test")]
    confusion = edgewise.evaluate(made.model_file, made.images, split="all").scores.confusion
    np.testing.assert_array_equal(confusion, sum(part.confusion for part in parts if part.confusion is not None))


def test_a_split_alone_needs_no_other(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.images, tmp_path / "val")
    assert edgewise.evaluate(made.model_file, tmp_path, split="val").images == 60
    with pytest.raises(EdgewiseError, match="has val images and none for test; choose one of those, or all, as --spl"):
        edgewise.evaluate(made.model_file, tmp_path)


def test_several_labels_for_a_model_of_one(made: Made) -> None:
    table = made.images.parent / "several.csv"
    table.write_text("path,label\n" + "".join(f"my images/cat/{index:02}.png,cat;eel\n" for index in range(4)))
    for model in (made.model_file, made.artifact):
        with pytest.raises(EdgewiseError, match=r"several\.csv has several labels an image and .* gives one label"):
            edgewise.evaluate(model, table, split="all")


def test_images_beyond_memory_are_decoded_batch_by_batch(
    thousand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a file that turns out to be damaged only then: it is in no count."""
    monkeypatch.setattr("edgewise.data.images.MEMORY_LIMIT", 0)
    monkeypatch.setattr("edgewise.data.loading.MEMORY_LIMIT", 0)
    jpegs(tmp_path, {ids()[1]: 4, ids()[2]: 3})
    damaged = tmp_path / ids()[1] / "ILSVRC2012_val_00000003.JPEG"
    content = damaged.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    found = edgewise.evaluate(thousand, tmp_path, split="all", workers=0, skip_bad=True)
    assert found.per_class() == {"goldfish": (3, 1.0), "great white shark": (3, 0.0)}
    assert found.images == 6


def test_photographs_of_imagenet_in_folders_of_their_ids(thousand: Path, tmp_path: Path) -> None:
    shared = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[3] / "shared")
    archive = shared / "data" / "imagenet-200.zip"
    if not archive.is_file():
        pytest.skip(f"the 200 photographs are not here: there is no {archive}")
    with zipfile.ZipFile(archive) as photographs:
        for name in sorted(photographs.namelist())[:200:10]:
            (tmp_path / name.split("_")[0]).mkdir()
            (tmp_path / name.split("_")[0] / name).write_bytes(photographs.read(name))
    found = edgewise.evaluate(thousand, tmp_path, split="all", workers=0)
    assert list(found.per_class()) == list(CLASSES[::50])


def test_the_folder_of_a_run_is_its_model_file(made: Made, coloured_folder: Callable[..., Path]) -> None:
    found = edgewise.evaluate(made.model_file.parent, made.images)
    assert found.model == str(made.model_file)
    shown = edgewise.show(str(made.model_file.parent))
    assert shown.architecture == edgewise.show(str(made.model_file)).architecture
