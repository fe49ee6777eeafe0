"""Boxes and masks from the command line: trained, scored, found in pictures and drawn."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import edgewise
from edgewise.blocks import Task
from edgewise.cli import main
from edgewise.data import Preprocessing
from edgewise.data.assemble import Options
from edgewise.data.scenes.composed import COUNTS, open_scenes
from edgewise.errors import EdgewiseError
from edgewise.explaining.overlay import colour
from edgewise.nn import Network
from edgewise.papers import find
from edgewise.papers.tasks import for_task
from edgewise.verbs.scenes import same_classes, scene_network, scene_preprocessing
from edgewise.verbs.start import start_of
from edgewise.weights import ModelCard, read_card, save_model

WIDTH = 0.35


@pytest.fixture(scope="module", autouse=True)
def few_scenes() -> Iterator[None]:
    """A fifth of the scenes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, count in COUNTS.items():
            patch.setitem(COUNTS, name, count // 5)
        yield


@pytest.fixture(scope="module", params=["detect", "segment"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Path]:
    """A model file after one epoch."""
    folder = tmp_path_factory.mktemp(request.param)
    made = edgewise.train_scenes(
        "scenes",
        "mobilenet_v3_small",
        task=request.param,
        width=WIDTH,
        size=64,
        epochs=1,
        out=folder,
        progress=False,
    )
    return request.param, made.model_file


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["edgewise", *words])
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def pictures(folder: Path, count: int = 2) -> Path:
    split = open_scenes("detect", Options()).splits["test"]
    folder.mkdir()
    for index in range(count):
        Image.fromarray(split.load(index)).resize((120, 80)).save(folder / f"{index}.png")
    return folder


def test_the_model_file_says_what_it_does(trained: tuple[Task, Path]) -> None:
    task, path = trained
    card = read_card(path)
    assert card.architecture.task == task
    assert card.preprocessing.stretch
    assert card.classes == (("background",) if task == "segment" else ()) + tuple("0123456789")
    name = "test_map50" if task == "detect" else "test_mean_iou"
    assert 0 <= card.metrics[name] <= 1


def test_evaluating_gives_what_training_ended_with(
    trained: tuple[Task, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, path = trained
    code, out, _ = run(capsys, monkeypatch, "evaluate", str(path), "scenes", "--json")
    assert code == 0
    found = json.loads(out)
    name = "map50" if task == "detect" else "mean_iou"
    assert found[name] == pytest.approx(read_card(path).metrics[f"test_{name}"])
    assert found["images"] == COUNTS["test"] == 32
    assert set(found["per_class"]) <= set(read_card(path).classes)
    code, out, _ = run(capsys, monkeypatch, "evaluate", str(path), "scenes")
    assert ("mAP@0.5" if task == "detect" else "mean iou") in out


def test_predicting_and_drawing(
    trained: tuple[Task, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, path = trained
    images, drawn = pictures(tmp_path / "in"), tmp_path / "out"
    score = ("--score", "0.02") if task == "detect" else ()
    words = ("predict", str(images), "--model", str(path), *score, "--draw", str(drawn), "--format", "json")
    code, out, _ = run(capsys, monkeypatch, *words)
    assert code == 0
    found = json.loads(out)
    assert [Path(one["path"]).name for one in found] == ["0.png", "1.png"]
    for one in found:
        picture = np.asarray(Image.open(drawn / Path(one["path"]).name))
        assert picture.shape == (80, 120, 3)
        if task == "segment":
            assert sum(one["shares"].values()) == pytest.approx(1)
            assert np.asarray(Image.open(drawn / f"{Path(one['path']).stem}.mask.png")).shape == (80, 120)
        for box in one.get("boxes", ()):
            left, top, right, bottom = box["box"]
            assert 0 <= left <= right <= 120
            assert 0 <= top <= bottom <= 80
            assert box["score"] >= 0.02
    code, out, err = run(capsys, monkeypatch, *words[:-2])
    assert code == 0
    assert "0.png" in out
    assert "pictures are in" in err


def first_loss(model_file: Path) -> float:
    return json.loads((model_file.parent / "train.json").read_text())["training"]["history"][0]["train_loss"]


def test_training_goes_on_from_a_model_file(trained: tuple[Task, Path], tmp_path: Path) -> None:
    task, path = trained
    other: Task = "segment" if task == "detect" else "detect"
    with pytest.raises(EdgewiseError, match="name another network"):
        edgewise.train_scenes("scenes", path, task=other, out=tmp_path / "other", progress=False)
    again = edgewise.train_scenes("scenes", path, task=task, size=64, epochs=1, out=tmp_path / "again", progress=False)
    assert first_loss(again.model_file) < first_loss(path)


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_a_body_takes_the_weights_of_a_classifier(task: Task, tmp_path: Path) -> None:
    base = find("mobilenet_v3_small").scaled(WIDTH).with_classes(3).with_input(64)
    network = Network(base, seed=3)
    preprocessing = Preprocessing(64, 64, (0.4, 0.5, 0.6), (0.2, 0.2, 0.2), interpolation="bicubic")
    save_model(tmp_path / "model.safetensors", network, ModelCard(base, preprocessing, ("a", "b", "c")))
    start = start_of(tmp_path / "model.safetensors")
    architecture = for_task(start.architecture, task, 5, 96, 128)
    made = scene_network(start, architecture, ("p", "q", "r", "s", "t"), seed=0)
    state, taken = network.state_dict(), made.state_dict()
    body = [name for name in state if int(name.partition(".")[0]) < len(architecture.rows) - 1]
    assert len(body) > 200
    assert all(torch.equal(state[name], taken[name]) for name in body)
    prepared = scene_preprocessing(open_scenes(task, Options()), start, (96, 128))
    assert prepared == replace(preprocessing, height=96, width=128, crop=1.0, stretch=True)


def test_what_means_nothing_for_a_model_file_is_refused(
    trained: tuple[Task, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = trained
    images = pictures(tmp_path / "in", 1)
    for words in (("evaluate", str(path), "scenes"), ("predict", str(images), "--model", str(path))):
        code, _, err = run(capsys, monkeypatch, *words, "--runtime", "openvino")
        assert code
        assert "leave --runtime out" in err
    with pytest.raises(EdgewiseError, match="give its model file to"):
        edgewise.Model.from_pretrained(path)


def test_data_of_another_kind_is_refused(
    trained: tuple[Task, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, path = trained
    monkeypatch.chdir(tmp_path)
    for words in (("adapt", str(path), "--data", "digits"), ("fit", "digits", "--task", task)):
        code, _, err = run(capsys, monkeypatch, *words, "--budget", "0.8x" if words[0] == "adapt" else "5ms")
        assert code
        assert "digits has classes of whole images" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("train", "scenes", "--model", "lr_aspp_mobilenet_v3_small", "--task", "detect"),
            "gives masks and the data has boxes",
        ),
        (("train", "scenes", "--model", "mobilenet_v3_small", "--task", "find"), "there is no task 'find'"),
        (("train", "scenes", "--model", "mobilenet_v3_small", "--input", "big"), "as 360x480, not 'big'"),
        (("train", "digits", "--model", "mobilenet_v3_small", "--input", "32x48"), "give --input one number"),
        (("train", "digits", "--model", "mobilenet_v3_small", "--task", "detect"), "boxes"),
        (("models", "--task", "paint"), "there is no task 'paint'"),
        (("fit", "scenes", "--task", "classify", "--budget", "5ms"), "no classes of whole images; give digits"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = ("--out", str(tmp_path / "run")) if words[0] == "train" else ()
    code, _, err = run(capsys, monkeypatch, *words, *out)
    assert code
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("data", "recipe", "sentence"),
    [("scenes", "thorough", "asks for mixup, which is not for"), ("digits", "quick_detect", "asks for photometric")],
)
def test_a_recipe_for_other_data_is_refused(
    data: str,
    recipe: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("train", data, "--model", "mobilenet_v3_small", "--recipe", recipe, "--out", str(tmp_path / "run"))
    code, _, err = run(capsys, monkeypatch, *words)
    assert code
    assert sentence in err.splitlines()[-1]  # behind the line on what is trained


def test_models_by_task(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(capsys, monkeypatch, "models", "ssdlite*", "--task", "detect", "--json")
    assert code == 0
    names = [one["name"] for one in json.loads(out)]
    assert "ssdlite_mobilenet_v2" in names
    assert find("ssdlite_mobilenet_v2").task == "detect"


def test_colours_of_classes_differ() -> None:
    assert len({colour(number) for number in range(30)}) == 30


def test_values_that_masks_do_not_have_are_not_ignored(tmp_path: Path) -> None:
    for value in (999, -1):
        with pytest.raises(EdgewiseError, match="masks have values from 0 to 255"):
            edgewise.train_scenes("scenes", task="segment", out=tmp_path / "run", ignored=(value,))
    with pytest.raises(EdgewiseError, match="3 is to be ignored in masks, and this data has none"):
        edgewise.train_scenes("scenes", task="detect", out=tmp_path / "run", ignored=(3,))


def test_pictures_take_nobodys_place(trained: tuple[Task, Path], tmp_path: Path) -> None:
    task, path = trained
    for name in ("a/x.png", "b/x.png", "b/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30)).save(tmp_path / name)
    drawn = tmp_path / "drawn"
    edgewise.predict_scenes([tmp_path / "a", tmp_path / "b"], path, draw=drawn)
    assert len(list(drawn.iterdir())) == (3 if task == "detect" else 6)
    before = (tmp_path / "a" / "x.png").read_bytes()
    with pytest.raises(EdgewiseError, match=r"would overwrite .*x.png; name another folder"):
        edgewise.predict_scenes(tmp_path / "a", path, draw=tmp_path / "a")
    assert (tmp_path / "a" / "x.png").read_bytes() == before
    with pytest.raises(EdgewiseError, match="is a file, and pictures are drawn into a folder"):
        edgewise.predict_scenes(tmp_path / "a", path, draw=tmp_path / "a" / "x.png")


def test_other_classes_are_counted_and_what_to_ignore_is_asked_for(trained: tuple[Task, Path]) -> None:
    task, path = trained
    dataset = replace(open_scenes(task, Options()), classes=(*read_card(path).classes, "class 11"))
    with pytest.raises(EdgewiseError) as raised:
        same_classes(dataset, read_card(path).classes, "the model")
    count = len(read_card(path).classes)
    assert f"{count + 1} classes (" in str(raised.value)
    assert f"the model {count} classes (" in str(raised.value)
    assert ("--ignore-index" in str(raised.value)) == (task == "segment")
