"""The main job for a device that is not here: its latencies are predicted, and everything says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from quick_fit import quicken

import edgewise
from edgewise.cli.fit import _delivered
from edgewise.devices import Verdict
from edgewise.fitting import delivery, forms
from predicted_device import device


def test_a_fit_for_another_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgewise.cli import console

    quicken(monkeypatch)
    monkeypatch.setattr(forms, "POINTS", 100.0)  # after one epoch accuracy is a matter of chance
    monkeypatch.delattr(delivery, "export_fastest")  # what is fastest here does not count
    device().write(tmp_path / "device.json")
    told: list[str] = []
    options = {"epochs": 1, "candidates": 2, "device": tmp_path / "device.json", "precision": "int8"}
    result = edgewise.fit("digits", "0.6ms", out=tmp_path / "run", progress=False, tell=told.append, **options)  # type: ignore[arg-type]
    assert len(result.selected) == 2
    assert result.delivery.verdict is Verdict.MET
    assert result.delivery.latency.predicted
    assert {one.name for one in result.delivery.tried} == {"fp32", "u8s8 extremes"}
    page = re.sub("<style>.*?</style>", "", (result.folder / "report.html").read_text(encoding="utf-8"))
    assert "predicted, not trained" in page
    assert "measured, not trained" not in page
    assert "onnxruntime int8" in page
    console.show(_delivered(result))
    printed = capsys.readouterr().out
    assert "latency, predicted, of the artifact" in printed
    assert re.search(r"runs in +onnxruntime int8, u8s8 extremes", printed)
