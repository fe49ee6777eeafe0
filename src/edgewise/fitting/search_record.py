"""What is written of a search: its record and its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.costs import count
from edgewise.devices import describe_machine
from edgewise.explaining.search_report import SearchReport, ShownModel, ShownTrial, search_report
from edgewise.files import write_text
from edgewise.fitting.search_finish import Finished
from edgewise.searching import Space
from edgewise.searching.archive import PAGE, RECORD, Trial
from edgewise.searching.run import FrontNetwork
from edgewise.version import VERSION
from edgewise.weights import read_card

JUDGED = {
    "supernet": "that of shared weights on images held out of the training images",
    "proxy": "that on images held out of the training images, after a short training",
    "lookup": "that of the table of results",
}
"""What the accuracies of trials are, by evaluator."""


def write_search(
    folder: Path,
    space: Space,
    trials: Sequence[Trial],
    front: Sequence[FrontNetwork],
    models: Sequence[Finished],
    *,
    budget_ms: float,
    measured: bool,
    command: str,
    asked: Mapping[str, Any],
) -> None:
    """Writes `search.json`, all that was asked, tried and measured, and `report.html`, the same for reading."""
    machine = describe_machine()
    asked = {name: value for name, value in asked.items() if value is not None}
    record = {
        "command": command,
        "edgewise": VERSION,
        "machine": machine.to_json(),
        "asked": asked,
        "budget_ms": budget_ms,
        "latencies_measured": measured,
        "models": [one.to_json() for one in models],
        "front": [_front(space, one) for one in front],
        "trials": [one.to_json() for one in trials],
    }
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")
    best = max((one for one in front if one.ms <= budget_ms), key=lambda one: one.trial.accuracy or 0.0, default=None)
    outcome: dict[str, object] = {
        "networks tried": len({one.digest for one in trials if one.digest}),
        "budget": f"{budget_ms:.3f} ms",
    }
    if best is not None:
        outcome["best within it"] = f"trial {best.trial.number}: {best.ms:.3f} ms"
    for one in models:
        outcome[f"model for {one.name}"] = f"{one.ms:.3f} ms, {100 * _score(one):.2f}% on the test images"
    report = SearchReport(
        title=f"{space.name} for {asked['data']} within {asked['budget']}",
        command=command,
        outcome=outcome,
        budget_ms=budget_ms,
        judged=JUDGED[asked["evaluator"]],
        measured=measured,
        trials=[_shown(space, one, one.cost) for one in trials if one.like is None and one.accuracy is not None],
        front=[_shown(space, one.trial, one.ms) for one in front],
        models=[_model(folder, one) for one in models],
        provenance={**asked, "machine": f"{machine.cpu}, {machine.cores} cores", "edgewise": VERSION},
    )
    write_text(folder / PAGE, search_report(report))


def _front(space: Space, one: FrontNetwork) -> dict[str, Any]:
    architecture = space.architecture(one.trial.point)
    return {
        "trial": one.trial.number,
        "accuracy": one.trial.accuracy,
        "expected_ms": one.trial.cost,
        "ms": one.ms,
        "multiply_adds": count(architecture).multiply_adds,
        "choices": space.named(one.trial.point),
        "architecture": architecture.to_dict(),
    }


def _shown(space: Space, trial: Trial, ms: float) -> ShownTrial:
    costs = count(space.architecture(trial.point))
    return ShownTrial(
        trial.number, ms, trial.accuracy or 0.0, costs.multiply_adds, costs.parameters, space.named(trial.point)
    )


def _model(folder: Path, one: Finished) -> ShownModel:
    costs = count(read_card(folder / one.file).architecture)
    return ShownModel(one.name, one.trial, one.ms, _score(one), costs.multiply_adds, costs.parameters, one.file)


def _score(one: Finished) -> float:
    return one.metrics.get("test_accuracy", one.metrics.get("test_mean_average_precision", 0.0))
