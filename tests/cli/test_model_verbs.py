"""What `train`, `evaluate`, `predict`, `export` and `bench` print."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from running import Command


def test_train_tells_and_writes(edgewise: Command, world: Path) -> None:
    arguments = ("train", "images", "--model", "architecture.json", "--out", "new/run", "--epochs", "1", "--no-flip")
    ended = edgewise(*arguments)
    assert ended.code == 0
    assert ended.err.startswith("images: 3 classes, 24 train, 3 val, 3 test; training mobilenet_v3_small_0.25 at 24")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[0] == ["mobilenet_v3_small_0.25"]
    printed = {" ".join(words[:-1]): words[-1] for words in lines[4:8]}
    assert list(printed) == ["validation loss", "validation accuracy", "test loss", "test accuracy"]
    assert printed["test accuracy"].endswith("%")
    assert ended.out.splitlines()[-1].startswith("1 epoch, ")
    assert ended.out.splitlines()[-1].endswith("written to new/run/model.safetensors")
    record = json.loads((world / "new" / "run" / "train.json").read_text())
    assert record["command"] == f"edgewise {' '.join(arguments)}"
    again = edgewise(*arguments)
    assert again.code == 0
    assert "images/s" not in again.err
    assert again.out.splitlines()[:8] == ended.out.splitlines()[:8]
    other = edgewise(*arguments[:-2], "2")
    assert other.code == 1
    assert "new/run holds a run that was asked for something else" in other.err


@pytest.mark.parametrize("model", ["model.safetensors", "model.onnx"])
def test_evaluate_prints_a_table_and_json(edgewise: Command, world: Path, model: str) -> None:
    lines = edgewise("evaluate", model, "images", "--split", "train").out.splitlines()
    assert lines[0] == "per class"
    assert f"{model} on 24 images of images, train" in lines
    rows = [line.split() for line in lines if line.endswith("%")]
    assert [row[0] for row in rows] == ["cat", "dög", "eel", "accuracy"]
    assert [row[-2] for row in rows[:3]] == ["8", "8", "8"]
    found = json.loads(edgewise("evaluate", model, "images", "--split", "train", "--json").out)
    assert (found["model"], found["data"], found["split"], found["images"]) == (model, "images", "train", 24)
    assert found["notes"] == []
    confusion = found["confusion"]
    assert sum(sum(row.values()) for row in confusion.values()) == 24
    assert set(found["per_class"]) == set(confusion) == {"cat", "dög pup", "eel"}
    for name, scored in found["per_class"].items():
        assert scored == {"images": 8, "recall": pytest.approx(confusion[name].get(name, 0) / 8)}
    assert found["accuracy"] == pytest.approx(sum(row.get(name, 0) for name, row in confusion.items()) / 24)


@pytest.mark.parametrize("model", ["model.safetensors", "model.onnx"])
def test_evaluate_on_some_of_the_classes(edgewise: Command, world: Path, model: str) -> None:
    shutil.rmtree(world / "images" / "eel")
    note = "note: images has images of 2 of the model's 3 classes; it is scored among all of them\n"
    ended = edgewise("evaluate", model, "images", "--split", "all")
    assert (ended.code, ended.err) == (0, note)
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("%")] == ["cat", "dög", "accuracy"]
    assert f"{model} on 20 images of images, all" in lines
    ended = edgewise("evaluate", model, "images", "--split", "all", "--json")
    assert ended.err == note
    assert set(json.loads(ended.out)["per_class"]) == {"cat", "dög pup"}


def test_evaluate_prints_top_1_and_top_5(edgewise: Command, world: Path) -> None:
    from edgewise.data import Preprocessing
    from edgewise.nn import Network
    from edgewise.papers import find
    from edgewise.weights import ModelCard, save_model

    architecture = find("mobilenet_v3_small").scaled(0.25).with_classes(6).with_input(24)
    card = ModelCard(
        architecture, Preprocessing(24, 24, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)), ("cat", "dög pup", "eel", *"abc")
    )
    save_model(world / "six.safetensors", Network(architecture, seed=0), card)
    out = edgewise("evaluate", "six.safetensors", "images", "--split", "all").out
    assert [line.split()[0] for line in out.splitlines() if "accuracy" in line] == ["top-1", "top-5"]


def test_predict_prints_a_table(edgewise: Command, world: Path) -> None:
    lines = edgewise("predict", "images/dög pup/*.png", "images/cat/00.png", "--model", "model.onnx").out.splitlines()
    assert lines[0] == "11 images"
    rows = [line for line in lines if line.endswith("%")]
    assert [row.split("  ")[0].strip() for row in rows] == [
        *(f"images/dög pup/{index:02}.png" for index in range(10)),
        "images/cat/00.png",
    ]


def test_predict_prints_json(edgewise: Command, world: Path) -> None:
    out = edgewise("predict", "images/cat", "--model", "model.onnx", "--format", "json", "--top", "2").out
    found = json.loads(out)
    assert [one["path"] for one in found] == [f"images/cat/{index:02}.png" for index in range(10)]
    assert all(len(one["classes"]) == len(one["probabilities"]) == 2 for one in found)


def test_predict_prints_csv(edgewise: Command, world: Path) -> None:
    odd = world / 'a "quoted", comma.png'
    (world / "images" / "eel" / "00.png").rename(odd)
    out = edgewise("predict", odd.name, "--model", "model.onnx", "--format", "csv", "--top", "3").out
    assert "\r" not in out
    rows = list(csv.DictReader(out.splitlines()))
    assert [row["path"] for row in rows] == [odd.name] * 3
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {row["class"] for row in rows} == {"cat", "dög pup", "eel"}
    assert sum(float(row["probability"]) for row in rows) == pytest.approx(1, abs=1e-5)


def test_export_says_how_close_it_is(edgewise: Command, world: Path) -> None:
    ended = edgewise("export", "model.safetensors", "--out", "new/inside.onnx", "--normalise-inside")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("new/inside.onnx: ")
    assert "MiB; its outputs differ from torch's by at most " in ended.out
    assert len(ended.out.splitlines()) == 1
    assert [path.name for path in (world / "new").iterdir()] == ["inside.onnx"]


def test_share_writes_a_folder_that_every_verb_takes(edgewise: Command, world: Path) -> None:
    ended = edgewise("share", "model.safetensors", "shared/net")
    assert (ended.code, ended.err) == (0, "")
    files = ["model.safetensors", "config.json", "README.md", "multiply_adds.svg", "parameters.svg"]
    assert ended.out == f"written to shared/net: {', '.join(files)}\n"
    assert sorted(path.name for path in (world / "shared" / "net").iterdir()) == sorted(files)
    assert edgewise("show", "shared/net").out == edgewise("show", "model.safetensors").out
    predicted = edgewise("predict", "images/cat", "--model", "shared/net", "--format", "csv")
    assert predicted.out == edgewise("predict", "images/cat", "--model", "model.safetensors", "--format", "csv").out
    scored = json.loads(edgewise("evaluate", "shared/net", "images", "--json").out)
    assert scored["model"] == "shared/net/model.safetensors"
    assert scored["images"] == 3
    assert edgewise("export", "shared/net").out.startswith("shared/net/model.onnx: ")
    benched = edgewise("bench", "shared/net", "--seconds", "0.3", "--json")
    assert json.loads(benched.out)["groups"][0][0]["name"] == "shared/net"
    again = edgewise("share", "shared/net", "shared/net")
    assert again.out == ended.out


def test_a_name_of_the_zoo_is_not_the_folder_beside(edgewise: Command, world: Path) -> None:
    edgewise("share", "model.safetensors", "resnet18")
    assert edgewise("show", "resnet18").out.startswith("resnet18\n")
    assert edgewise("show", "./resnet18").out.startswith("mobilenet_v3_small_0.25\n")


def test_training_starts_from_a_shared_folder(edgewise: Command, world: Path) -> None:
    edgewise("share", "model.safetensors", "shared")
    ended = edgewise("train", "images", "--model", "shared", "--epochs", "1", "--no-flip", "--out", "new")
    assert ended.code == 0
    assert "training mobilenet_v3_small_0.25 at 24" in ended.err


def test_bench_prints_a_table_and_json(edgewise: Command, world: Path) -> None:
    models = ("model.onnx", "resnet18", "--input", "32", "--seconds", "0.4", "--budget", "0.5x mobilenet_v2")
    ended = edgewise("bench", *models)
    assert ended.code == 0
    title, _, header, _, *rows = ended.out.splitlines()
    assert "onnxruntime" in title
    assert "1 thread, batch 1, budget " in title
    assert title.endswith(" ms (of mobilenet_v2 for 3×32×32, 3 classes)")
    assert header.split()[:2] == ["group", "model"]
    first = rows[0].split()
    assert first[:2] == ["1", "model.onnx"]
    assert first[-1] == "met"
    assert "models of one group are the same within noise" in rows
    found = json.loads(edgewise("bench", *models, "--json").out)
    assert found["groups"][0][0]["name"] == "model.onnx"
    assert found["machine"]["runtime"] == "onnxruntime"
    assert found["reference"] == {"name": "mobilenet_v2", "input": [3, 32, 32]}


def test_bench_shows_the_columns_there_is_something_for(edgewise: Command, world: Path) -> None:
    asked = ("model.onnx", "model.safetensors", "--precision", "fp32", "--precision", "int8")
    ended = edgewise("bench", *asked, "--threads", "1", "--threads", "2", "--data", "images", "--seconds", "0.2")
    assert ended.code == 0
    title, _, header, *_ = ended.out.splitlines()
    assert title.endswith("batch 1, accuracy on images, test")
    words = " ".join(header.split())
    assert words.startswith("group model runtime precision threads median, ms")
    assert "accuracy" in words
    assert "of peak" not in words
    assert "model.onnx is in floating point: not measured in int8" in ended.err


@pytest.mark.slow
def test_throughput_is_printed_with_who_wins(edgewise: Command, world: Path) -> None:
    ended = edgewise("bench", "model.onnx", "--throughput", "--streams", "2", "--seconds", "0.1")
    assert ended.code == 0
    assert "2 streams of one thread each" in ended.out
    assert "batches of 8, 2 threads" in ended.out
    assert "model.onnx in onnxruntime fp32: 2 streams give " in ended.out
    found = json.loads(
        edgewise("bench", "model.onnx", "--throughput", "--seconds", "0.1", "--streams", "2", "--json").out
    )
    assert found["rows"][0]["streams"]["streams"] == 2
