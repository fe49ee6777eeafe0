"""What `train`, `evaluate`, `predict`, `export` and `bench` print."""

import csv
import json
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
    assert [line.split()[0] for line in lines if line.endswith("%")] == ["cat", "dög", "eel", "accuracy"]
    found = json.loads(edgewise("evaluate", model, "images", "--split", "train", "--json").out)
    assert (found["model"], found["data"], found["split"], found["images"]) == (model, "images", "train", 24)
    assert sum(map(sum, found["confusion"])) == 24
    assert set(found["per_class"]) == {"cat", "dög pup", "eel"}
    right = sum(found["confusion"][index][index] for index in range(3))
    assert found["accuracy"] == pytest.approx(right / 24)


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
    assert "MiB; class scores differ from torch's by at most " in ended.out
    assert len(ended.out.splitlines()) == 1
    assert [path.name for path in (world / "new").iterdir()] == ["inside.onnx"]


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
