"""The main job from end to end, small: every file it writes, and the same command again."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from quick_fit import quicken

import edgewise
from edgewise import EdgewiseError
from edgewise.devices import Budget, Verdict
from edgewise.fitting.selection import RULE
from edgewise.verbs.fit import FitResult
from edgewise.weights import load_model, read_card

BUDGET = "100x mobilenet_v2"

IN = {"runtime": "onnxruntime", "precision": "fp32"}


@dataclass(frozen=True)
class Fitted:
    """A finished fit, what it told on the way, and its record."""

    result: FitResult
    told: list[str]
    record: dict[str, Any]


def fit(out: Path, told: list[str]) -> FitResult:
    options = {"epochs": 1, "candidates": 2, "command": "edgewise fit digits", "progress": False}
    return edgewise.fit("digits", BUDGET, out=out, tell=told.append, **IN, **options)  # type: ignore[arg-type]


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patches:
        quicken(patches)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, quick: None) -> Fitted:
    told: list[str] = []
    result = fit(tmp_path_factory.mktemp("fit") / "run", told)
    return Fitted(result, told, strict((result.folder / "run.json").read_text(encoding="utf-8")))


def test_the_run_folder_holds_what_was_promised(fitted: Fitted) -> None:
    folder = fitted.result.folder
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.onnx", "model.safetensors", "run.json", "report.html", "state", "training"}
    assert fitted.result.delivery.artifact == folder / "model.onnx"
    assert not list(folder.rglob(".*"))


def test_what_is_told_on_the_way(fitted: Fitted) -> None:
    first, *rest = fitted.told
    assert first == "digits: 10 classes, 1439 train, 179 val, 179 test; images of 32 pixels, networks for 32"
    assert any(line.startswith(f"budget {Budget.parse(BUDGET)} is ") for line in rest)
    assert len([line for line in rest if line.endswith("images/s in training, 1 epoch")]) == 2
    assert rest[-2] == "exporting, and measuring the artifact"
    assert re.fullmatch(r"fp32 in onnxruntime fp32: \d+\.\d\d%", rest[-1])


def test_the_record_is_enough_to_do_it_again(fitted: Fitted) -> None:
    record, result = fitted.record, fitted.result
    assert record["command"] == "edgewise fit digits"
    assert record["asked"]["epochs"] == 1
    assert record["asked"]["data"] == record["dataset"]["digest"]
    assert record["dataset"]["counts"] == {"train": 1439, "val": 179, "test": 179}
    assert record["selection_rule"] == RULE.format(count=2)
    assert {"torch", "onnxruntime", "lightning"} <= set(record["versions"])
    assert record["machine"]["runtime"] == "onnxruntime"
    assert len(record["schedules"]) == len(result.selected) == 2
    assert record["schedules"][result.winner.name]["recipe"]["epochs"] == 1
    assert [one["candidate"] for one in record["rungs"]["standings"]] == [one.name for one in result.selected]
    assert record["winner"] == result.winner.name
    assert record["training"]["finished"] is True
    assert len(record["measured"]["candidates"]) == len(result.measured.candidates) > 5
    assert record["measured"]["reference"]["name"] == "mobilenet_v2"


def test_the_winner_is_one_that_was_sure_to_fit(fitted: Fitted) -> None:
    result = fitted.result
    assert result.winner in result.selected
    assert result.delivery.verdict is Verdict.MET
    best = max(result.standings, key=lambda one: one.score)
    assert best.score == {one.candidate: one.score for one in result.standings}[result.winner.name]


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_accuracies_are_the_artifacts(fitted: Fitted, split: str) -> None:
    metrics = fitted.record["delivery"]["metrics"]
    assert metrics == dict(read_card(fitted.result.delivery.model_file).metrics)
    for model in (fitted.result.delivery.artifact, fitted.result.delivery.model_file):
        scores = edgewise.evaluate(model, "digits", split=split).scores.metrics()
        assert scores["accuracy"] == metrics[f"{split}_accuracy"]
        assert scores["top5"] == metrics[f"{split}_top5"]
        assert scores["loss"] == pytest.approx(metrics[f"{split}_loss"], rel=1e-4)


def test_the_artifact_agrees_with_torch(fitted: Fitted) -> None:
    parity = fitted.record["delivery"]["parity"]
    assert parity["images"] == 64
    assert parity["difference"] < 1e-4
    assert parity["agreement"] == 1.0


def test_the_report_needs_no_network(fitted: Fitted) -> None:
    page = (fitted.result.folder / "report.html").read_text(encoding="utf-8")
    assert fitted.result.winner.name in page
    assert len(page) > 10_000
    assert "onnxruntime fp32" in page
    assert "trained</dt><dd>1 epoch at" in page
    assert "<script src" not in page
    assert "@import" not in page
    for attribute in re.findall(r"""(?:src|href|action|poster|data)\s*=\s*["']([^"']*)""", page):
        assert attribute.startswith(("data:", "#")), attribute
    for target in re.findall(r"url\(([^)]*)\)", page):
        assert target.strip("\"'").startswith(("data:", "#")), target
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_same_call_trains_nothing_again(fitted: Fitted, tmp_path: Path) -> None:
    folder = shutil.copytree(fitted.result.folder, tmp_path / "run")
    for name in ("model.onnx", "model.safetensors", "run.json", "report.html"):
        (folder / name).unlink()
    checkpoints = sorted((folder / "training").rglob("*.safetensors"))
    assert len(checkpoints) == 2
    before = [path.stat().st_mtime_ns for path in checkpoints]
    told: list[str] = []
    again = fit(folder, told)
    assert [path.stat().st_mtime_ns for path in checkpoints] == before
    assert not [line for line in told if line.startswith("screened") or "images/s in training" in line]
    assert again.winner == fitted.result.winner
    assert again.standings == fitted.result.standings
    assert again.measured == fitted.result.measured
    expected = load_model(fitted.result.delivery.model_file)[0].state_dict()
    found = load_model(again.delivery.model_file)[0].state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
    assert dict(again.delivery.card.metrics) == dict(fitted.result.delivery.card.metrics)


def test_another_call_on_the_folder_is_refused(fitted: Fitted) -> None:
    with pytest.raises(EdgewiseError, match=r"asked for something else \(candidates, epochs\)"):
        edgewise.fit("digits", BUDGET, out=fitted.result.folder, epochs=2, candidates=3, **IN)  # type: ignore[arg-type]


def test_the_command_prints_the_same_run(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgewise.cli import main

    command = ["edgewise", "fit", "digits", "--budget", BUDGET, "--epochs", "1", "--candidates", "2"]
    command += ["--runtime", "onnxruntime", "--precision", "fp32"]
    monkeypatch.setattr("sys.argv", [*command, "--out", str(fitted.result.folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == f"trained, of {len(fitted.result.measured.candidates)} timed"
    (winner,) = [line for line in lines if line.endswith("winner")]
    assert winner.split()[0] == fitted.result.winner.name
    accuracy = fitted.record["delivery"]["metrics"]["test_accuracy"]
    printed = {line.split("  ")[0].strip(): line.split("  ")[-1].strip() for line in lines}
    assert printed["test accuracy"] == f"{100 * accuracy:.2f}%"
    assert printed["budget"].endswith("ms: met")
    assert printed["runs in"] == "onnxruntime fp32"
    assert re.fullmatch(r"\d\.\de-\d\d of the scores' range", printed["its fp32 export differs from torch by"])
    assert printed["artifact"] == str(fitted.result.folder / "model.onnx")


def test_numbers_of_the_record_are_plausible(fitted: Fitted) -> None:
    delivery = fitted.record["delivery"]
    latency = delivery["latency"]
    assert 0 < latency["low_ms"] <= latency["median_ms"] <= latency["high_ms"] < delivery["budget_ms"]
    assert delivery["verdict"] == "met"
    assert math.isfinite(fitted.record["seconds_of_last_call"])
    assert 0 < delivery["metrics"]["test_accuracy"] <= 1
