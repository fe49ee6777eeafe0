"""What a user gets wrong: one sentence on standard error, a code that is not 0, nothing half written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from running import Command

from edgewise.fitting import candidates as candidates_module
from edgewise.verbs import fit as fit_module

FIT = ("fit", "images", "--budget", "5ms", "--out", "new/run")
TRAIN = ("train", "images", "--model", "mobilenet_v3_small", "--width", "0.25", "--out", "new/run")

CASES = {
    "unknown model": (("show", "mobilenet_v22"), ("mobilenet_v22", "did you mean mobilenet_v2?")),
    "unknown family": (("models", "--family", "mobilnet_v3"), ("mobilnet_v3", "did you mean mobilenet_v3?")),
    "unknown order": (("models", "--sort", "beauty"), ("beauty", "multiply-adds")),
    "no model matches": (("models", "lenet*"), ("lenet*",)),
    "image too small": (("show", "resnet18", "--input", "2"), ("2×2", "too small")),
    "image of no pixels": (("show", "resnet18", "--input", "0"), ("1×1",)),
    "width zero": (("show", "resnet18", "--width", "0"), ("width multiplier of 0",)),
    "no class": (("show", "resnet18", "--classes", "0"), ("at least one class",)),
    "missing model file": (("show", "nowhere.safetensors"), ("there is no model file nowhere.safetensors",)),
    "truncated model file": (("show", "cut.safetensors"), ("cut.safetensors is cut short",)),
    "newer model file": (("show", "newer.safetensors"), ("newer.safetensors", "format 99", "upgrade edgewise")),
    "artifact widened": (("show", "model.onnx", "--width", "2"), ("model.onnx is an artifact", "model file")),
    "artifact resized": (("show", "model.onnx", "--input", "32"), ("model.onnx takes image of 1×3×24×24", "--input")),
    "artifact of no pixels": (("show", "model.onnx", "--input", "0"), ("input must be at least 1, not 0",)),
    "half an artifact shown": (("show", "cut.onnx"), ("cut.onnx is no ONNX model, or is cut short",)),
    "missing artifact": (("show", "nowhere.onnx"), ("there is no artifact nowhere.onnx",)),
    "architecture of nothing": (("show", "odd.json"), ("odd.json", "format")),
    "missing architecture": (("show", "nowhere.json"), ("nowhere.json", "check the path")),
    "weights of nobody": (("convert", "resnet18", "nobody"), ("'nobody'", "torchvision, timm, keras, authors")),
    "weights that are no file": (("convert", "resnet18", "none.pth"), ("'none.pth'", "give a file that exists")),
    "weights of another kind": (("convert", "resnet18", "odd.json"), ("odd.json is no file of weights",)),
    "weights not published": (("convert", "shufflenet_v1_g3", "timm"), ("timm publishes no weights",)),
    "converted to another kind": (("convert", "resnet18", "odd.json", "x.pth"), ("ends in .safetensors",)),
    "weights in training": ((*TRAIN, "--weights", "nobody"), ("'nobody'",)),
    "weights sorted by costs": (("models", "--weights", "--sort", "name"), ("leave them out with --weights",)),
    "a model file as weights": (
        ("convert", "resnet18", "model.safetensors"),
        ("is a model file of edgewise",),
    ),
    "relative of no file": (("convert", "resnet18", "torchvision", "--like", "x"), ("is no file, so leave it out",)),
    "too narrow": (
        ("show", "shufflenet_v2_0.5", "--width", "0.1"),
        ("shufflenet_v2_0.5 cannot be scaled to 0.1",),
    ),
    "quantised to another kind": (("quantize", "model.onnx", "images", "--out", "x.bin"), ("ends in .onnx",)),
    "a negative loss": (("quantize", "model.onnx", "images", "--points", "-1"), ("-1 points makes no sense",)),
    "quantised on other classes": (("quantize", "model.onnx", "one class"), ("'cat'",)),
    "nearly the data": (("fit", "other", "--budget", "5ms"), ("'other'", "did you mean others?")),
    "missing data": (("fit", "atlantis", "--budget", "5ms"), ("'atlantis'", "digits")),
    "empty folder": (("fit", "empty", "--budget", "5ms"), ("empty", "class folders")),
    "one class": (("fit", "one class", "--budget", "5ms"), ("'cat'", "two classes or more")),
    "an archive": (("fit", "images.zip", "--budget", "5ms"), ("images.zip is an archive", "unpack")),
    "a class alone": (("fit", "images/cat", "--budget", "5ms"), ("class folders",)),
    "damaged images": (("fit", "damaged", "--budget", "5ms"), ("2 files of 32", "broken.jpg", "--skip-bad")),
    "damaged images in training": (("train", "damaged", *TRAIN[2:]), ("2 files of 32", "empty.png")),
    "a number for a budget": (("fit", "images", "--budget", "5"), ("'5'", "5ms")),
    "a negative budget": (("fit", "images", "--budget", "-5ms"), ("'-5ms'", "5ms")),
    "no budget at all": (("fit", "images", "--budget", "0ms"), ("more than nothing",)),
    "a budget of an unknown model": (("fit", "images", "--budget", "0.5x lenet5"), ("'lenet5'",)),
    "no candidates": ((*FIT, "--candidates", "0"), ("candidates must be at least 1, not 0",)),
    "negative epochs": ((*FIT, "--epochs", "-1"), ("epochs must be at least 1, not -1",)),
    "no threads": ((*FIT, "--threads", "0"), ("threads must be at least 1, not 0",)),
    "negative workers": ((*FIT, "--workers", "-1"), ("workers must be at least 0, not -1",)),
    "negative seed": ((*FIT, "--seed", "-1"), ("seed must be at least 0, not -1",)),
    "no minutes": ((*FIT, "--minutes", "0"), ("0 minutes",)),
    "endless minutes": ((*FIT, "--minutes", "inf"), ("inf minutes",)),
    "minutes that are no number": ((*FIT, "--minutes", "nan"), ("nan minutes",)),
    "tiny search": ((*FIT, "--input", "4"), ("4 pixels", "16 to 1024")),
    "a file for a run folder": ((*FIT[:-1], "file"), ("file is a file", "--out")),
    "a run folder in a file": ((*FIT[:-1], "file/run"), ("file/run", "choose a folder")),
    "the folder of another run": ((*FIT[:-1], "run"), ("run holds the model.onnx of another run",)),
    "training no model": (("train", "images", "--model", "mobilenetv2"), ("'mobilenetv2'", "mobilenet_v2")),
    "training an artifact": (("train", "images", "--model", "model.onnx"), ("is an artifact",)),
    "training no epoch": ((*TRAIN, "--epochs", "0"), ("epochs must be at least 1, not 0",)),
    "training empty batches": ((*TRAIN, "--batch-size", "0"), ("batch_size must be at least 1, not 0",)),
    "training backwards": ((*TRAIN, "--learning-rate", "-1"), ("learning_rate", "above 0")),
    "training on no device": ((*TRAIN, "--devices", "0"), ("devices must be at least 1, not 0",)),
    "training on an unknown device": ((*TRAIN, "--accelerator", "abacus"), ("'abacus'", "cpu")),
    "training on no machine": ((*TRAIN, "--nodes", "0"), ("nodes must be at least 1, not 0",)),
    "training on machines that do not know each other": (
        (*TRAIN, "--nodes", "2"),
        ("2 machines", "NODE_RANK and MASTER_ADDR"),
    ),
    "an unknown recipe": ((*TRAIN, "--recipe", "soup"), ("'soup'", "quick", "thorough")),
    "training into a file": ((*TRAIN[:-1], "file"), ("file is a file",)),
    "training into another run": ((*TRAIN[:-1], "run"), ("run holds the model.onnx of another run",)),
    "other classes": (("evaluate", "model.onnx", "others"), ("classes of others", "dog")),
    "other classes for a model file": (("evaluate", "model.safetensors", "others"), ("classes of others", "dog")),
    "an unknown split": (("evaluate", "model.onnx", "images", "--split", "exam"), ("'exam'", "train, val, test")),
    "evaluating no model": (("evaluate", "nowhere.onnx", "images"), ("nowhere.onnx", "check the path")),
    "evaluating half an artifact": (("evaluate", "cut.onnx", "images"), ("cut.onnx", "cut short")),
    "evaluating half a model": (("evaluate", "cut.safetensors", "images"), ("cut.safetensors is cut short",)),
    "evaluating a picture": (("evaluate", "broken.png", "images"), ("neither a model file", "artifact")),
    "evaluating a folder": (("evaluate", "images", "images"), ("images is a folder",)),
    "predicting nothing": (("predict", "no pictures", "--model", "model.onnx"), ("no images at no pictures",)),
    "predicting no file": (("predict", "photo.png", "--model", "model.onnx"), ("no images at photo.png",)),
    "a pattern without match": (("predict", "images/*.jpg", "--model", "model.onnx"), ("no images at images/*.jpg",)),
    "an unreadable image": (("predict", "broken.png", "--model", "model.onnx"), ("broken.png is not", "--skip-bad")),
    "predicting by a name": (("predict", "images", "--model", "mobilenet_v2"), ("no model mobilenet_v2",)),
    "no prediction": (("predict", "images", "--model", "model.onnx", "--top", "0"), ("top must be at least 1",)),
    "a score of classes": (("predict", "images", "--model", "model.onnx", "--score", "0.3"), ("--score is for boxes",)),
    "detectors by their name": (("models", "ssd*"), ("'ssd*'", "add --task detect")),
    "weights of detectors": (("models", "--weights", "--task", "detect"), ("leave --task out",)),
    "suppressing classes": (("bench", "model.onnx", "--suppress-inside"), ("nothing to suppress",)),
    "explaining for less than no time": (("explain", "mobilenet_v2", "--seconds", "-1"), ("-1 seconds",)),
    "explaining nobody": (("explain", "mobilenet_v22"), ("did you mean mobilenet_v2?",)),
    "studying nothing": (("study", "bottleneck"), ("did you mean bottlenecks?",)),
    "an unknown format": (("predict", "images", "--model", "model.onnx", "--format", "xml"), ("'xml'", "csv")),
    "exporting an artifact": (("export", "model.onnx"), ("model.onnx is no model file",)),
    "exporting to something else": (("export", "model.safetensors", "--out", "x.tflite"), ("x.tflite", ".onnx")),
    "exporting into a file": (("export", "model.safetensors", "--out", "file/x.onnx"), ("file/x.onnx",)),
    "comparing on an unreadable image": (
        ("export", "model.safetensors", "--out", "new/x.onnx", "--images", "broken.png"),
        ("broken.png is not",),
    ),
    "sharing nowhere": (("share", "model.safetensors"), ("nowhere to share", "--repo user/name")),
    "sharing an artifact": (("share", "model.onnx", "new"), ("model.onnx is no model file",)),
    "sharing no file": (("share", "nowhere.safetensors", "new"), ("no model file nowhere.safetensors",)),
    "sharing half a model": (("share", "cut.safetensors", "new"), ("cut.safetensors is cut short",)),
    "sharing into a file": (("share", "model.safetensors", "file"), ("file", "choose a folder")),
    "a private folder": (("share", "model.safetensors", "new", "--private"), ("only a repository can be private",)),
    "measuring nothing": (("bench", "nowhere.onnx"), ("no artifact nowhere.onnx",)),
    "measuring half an artifact": (("bench", "cut.onnx"), ("cut.onnx",)),
    "measuring an unknown model": (("bench", "mobilenet_v22"), ("did you mean mobilenet_v2?",)),
    "measuring without threads": (("bench", "model.onnx", "--threads", "0"), ("threads must be at least 1",)),
    "measuring for no time": (("bench", "model.onnx", "--seconds", "0"), ("0 seconds",)),
    "measuring streams of several threads": (
        ("bench", "model.onnx", "--throughput", "--threads", "2", "--budget", "5ms"),
        ("leave out --threads, --budget",),
    ),
    "measuring streams that suppress": (
        ("bench", "model.onnx", "--throughput", "--suppress-inside"),
        ("leave out --suppress-inside",),
    ),
    "measuring streams without throughput": (("bench", "model.onnx", "--streams", "2"), ("--throughput", "--threads")),
    "measuring in an unknown runtime": (("bench", "model.onnx", "--runtime", "abacus"), ("'abacus'", "torch_eager")),
    "measuring in an unknown precision": (("bench", "model.onnx", "--precision", "fp7"), ("'fp7'", "fp32, int8")),
    "measuring with no profile": (("bench", "model.onnx", "--profile", "no.json"), ("edgewise device profile",)),
    "measuring on images of others": (("bench", "mobilenet_v2", "--data", "images"), ("no trained weights",)),
    "measuring a bad budget": (("bench", "model.onnx", "--budget", "fast"), ("'fast'", "5ms")),
}


def contents(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()} | {
        str(path.relative_to(folder)): -1 for path in folder.rglob("*") if path.is_dir()
    }


@pytest.mark.parametrize(("arguments", "said"), CASES.values(), ids=CASES.keys())
def test_a_sentence_and_nothing_written(
    edgewise: Command, world: Path, arguments: tuple[str, ...], said: tuple[str, ...]
) -> None:
    before = contents(world)
    ended = edgewise(*arguments)
    assert ended.code == 1
    assert ended.out == ""
    *told, sentence = ended.err.splitlines()
    assert sentence.startswith("edgewise: ")
    assert not any("edgewise: " in line for line in told)
    assert "Traceback" not in ended.err
    for part in said:
        assert part in sentence
    assert contents(world) == before


def test_a_budget_nothing_can_meet(edgewise: Command, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_module, "WIDTHS", (0.25,))
    monkeypatch.setattr(fit_module, "MEASURING_SECONDS", 0.5)
    before = contents(world)
    where = ("--runtime", "onnxruntime", "--precision", "fp32")
    ended = edgewise("fit", "images", "--budget", "1us", "--out", "new/run", *where)
    assert ended.code == 2
    sentence = ended.err.splitlines()[-1]
    assert sentence.startswith("edgewise: nothing meets the budget of 0.001ms: the fastest of ")
    assert "_0.25@" in sentence
    assert " ms (" in sentence
    assert contents(world) == before


def test_damaged_images_are_left_out_and_counted(edgewise: Command, world: Path) -> None:
    ended = edgewise("evaluate", "model.safetensors", "damaged", "--skip-bad", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["skipped"] == 2
    assert ended.err.startswith("2 files left out: ")
    assert "broken.jpg" in ended.err
    assert "empty.png" in ended.err


def test_unreadable_pictures_are_left_out_of_predictions(edgewise: Command, world: Path) -> None:
    ended = edgewise("predict", "broken.png", "images/cat", "--model", "model.onnx", "--skip-bad", "--format", "csv")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 1 + 10
    assert ended.err == "1 file left out: broken.png is not an image in a format that can be read\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(edgewise: Command, world: Path) -> None:
    (world / "empty").chmod(0o500)
    ended = edgewise(*FIT[:-1], "empty/run")
    assert ended.code == 1
    assert "cannot write empty/run" in ended.err.splitlines()[-1]


def test_a_full_disk_is_a_sentence(edgewise: Command, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "model.onnx")

    monkeypatch.setattr("edgewise.verbs.models.models", full)
    ended = edgewise("models")
    assert (ended.code, ended.err) == (1, "edgewise: No space left on device: model.onnx\n")


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_is_a_sentence(
    edgewise: Command, monkeypatch: pytest.MonkeyPatch, how: type[KeyboardInterrupt] | type[SystemExit]
) -> None:
    """Also where a library turned it into an exit of its own."""

    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            if how is KeyboardInterrupt:
                raise
            raise SystemExit(1)  # noqa: B904 - as Lightning does

    monkeypatch.setattr("edgewise.verbs.models.models", interrupted)
    ended = edgewise("models")
    assert ended.code == 130
    assert ended.err == "edgewise: interrupted; the same command goes on where a run was\n"
