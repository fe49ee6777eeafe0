"""A budget that no candidate meets: the fastest is narrowed until it does, or the budget is refused at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from quick_fit import quicken

import edgewise
from edgewise.devices import Verdict
from edgewise.errors import BudgetError
from edgewise.fitting import rescue
from edgewise.verbs.fit import FitResult
from edgewise.weights import load_model
from predicted_device import device


def fitted(folder: Path, budget: str) -> FitResult:
    device().write(folder / "device.json")
    options = {"epochs": 1, "device": folder / "device.json", "precision": "fp32", "threads": 1}
    return edgewise.fit("digits", budget, out=folder / "run", progress=False, tell=print, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_fastest_is_narrowed_until_it_keeps_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quicken(monkeypatch)
    monkeypatch.setattr(rescue, "SHORT", 4)
    with pytest.raises(BudgetError) as refused:
        fitted(tmp_path, "1us")
    found = re.search(r"the fastest of \d+ candidates is (\S+) at ([\d.]+) ms", str(refused.value))
    assert found
    assert ", and as narrow as it can be still " in str(refused.value)
    assert not (tmp_path / "run").exists()
    name, ms = found[1], float(found[2])
    result = fitted(tmp_path, f"{0.9 * ms:.4f}ms")
    assert result.winner.name == f"{name}_adapted"
    assert result.delivery.verdict is Verdict.MET
    assert result.delivery.latency.median_ms <= 0.9 * ms
    network, card = load_model(result.delivery.model_file)
    assert card.architecture == network.architecture == result.winner.architecture
    assert result.selected[0].architecture.graph != card.architecture.graph
    record = json.loads((result.folder / "run.json").read_text())
    assert (record["narrowed from"], record["winner"]) == (name, f"{name}_adapted")
    assert (result.folder / "adapting" / "report.html").exists()
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert f"{name}_adapted" in page
    assert "the end, before narrowing" in page
    written = [path.stat().st_mtime_ns for path in sorted(result.folder.glob("adapting/steps/*/step.json"))]
    again = fitted(tmp_path, f"{0.9 * ms:.4f}ms")
    assert [path.stat().st_mtime_ns for path in sorted(result.folder.glob("adapting/steps/*/step.json"))] == written
    assert again.winner.architecture == result.winner.architecture
    assert "nothing meets the budget" in capsys.readouterr().out
