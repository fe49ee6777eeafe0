"""What is written of an adaptation: its record and its page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.adapting.adaptation import Narrowed
from edgewise.devices import describe_machine
from edgewise.explaining.adapt_report import AdaptReport, ShownStep, adapt_report
from edgewise.files import write_text
from edgewise.version import VERSION

RECORD, PAGE = "adapt.json", "report.html"
"""What is written of an adaptation, in its folder."""


def write_adaptation(
    folder: Path,
    narrowed: Narrowed,
    *,
    title: str,
    command: str,
    limit: str,
    outcome: Mapping[str, Any],
    asked: Mapping[str, object],
) -> None:
    """Writes `adapt.json`, all that was asked, measured and decided, and `report.html`, the same for reading, into
    `folder`. `outcome` is what came of it: latencies in ms as `seed_ms` and `ms`, and `metrics`; `limit` what the
    target is called."""
    machine = describe_machine()
    asked = {name: value for name, value in asked.items() if value is not None}
    record = {
        "command": command,
        "edgewise": VERSION,
        "machine": machine.to_json(),
        "asked": asked,
        **outcome,
        "target_ms": narrowed.target_ms,
        "reached": narrowed.reached,
        "images_held_out": narrowed.held_out,
        "measure": narrowed.measure,
        "widths": [{"space": name, "before": before, "after": after} for name, before, after in narrowed.widths],
        "steps": [step.to_json() for step in narrowed.steps],
        "narrowed_alike": [one.to_json() for one in narrowed.beside],
    }
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")
    metrics = {name: value for name, value in outcome["metrics"].items() if name in _SHOWN}
    report = AdaptReport(
        title=title,
        command=command,
        outcome={
            "latency": f"{outcome['ms']:.3f} ms, {outcome['ms'] / outcome['seed_ms']:.2f} times what it was",
            limit: f"{narrowed.target_ms:.3f} ms",
            **{_SHOWN[name]: f"{100 * value:.2f}%" for name, value in metrics.items()},
        },
        target_ms=narrowed.target_ms,
        limit=limit,
        images=narrowed.held_out,
        measure=narrowed.measure,
        steps=[
            ShownStep(one.number, one.name, one.ms, one.accuracy, one.multiply_adds, one.parameters)
            for one in narrowed.steps
        ],
        beside=[
            ShownStep(0, one.name, one.ms, one.accuracy, one.multiply_adds, one.parameters) for one in narrowed.beside
        ],
        widths=narrowed.widths,
        provenance={**asked, "machine": f"{machine.cpu}, {machine.cores} cores", "edgewise": VERSION},
    )
    write_text(folder / PAGE, adapt_report(report))


_SHOWN = {
    f"{split}_{kind}": f"{said}, {split}"
    for split in ("val", "test")
    for kind, said in (
        ("accuracy", "accuracy"),
        ("mean_average_precision", "mean average precision"),
        ("map", "mAP"),
        ("map50", "mAP at an overlap of 0.5"),
        ("mean_iou", "mean IoU"),
    )
}
