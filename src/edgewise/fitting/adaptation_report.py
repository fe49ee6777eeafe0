"""The page of an adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.adapting.adaptation import Narrowed
from edgewise.devices import describe_machine
from edgewise.explain.adapt_report import AdaptReport, ShownStep, adapt_report
from edgewise.files import write_text
from edgewise.version import VERSION


def write_adaptation_report(
    path: Path,
    narrowed: Narrowed,
    *,
    title: str,
    command: str,
    ms: float,
    seed_ms: float,
    metrics: Mapping[str, float],
    asked: Mapping[str, object],
) -> None:
    """Writes to `path` the steps in a picture and a table, and that the finished network takes `ms`, where the one it
    began with took `seed_ms`, and has these `metrics`."""
    machine = describe_machine()
    shown = {name: value for name, value in metrics.items() if name in _SHOWN}
    report = AdaptReport(
        title=title,
        command=command,
        outcome={
            "latency": f"{ms:.3f} ms, {ms / seed_ms:.2f} times what it was",
            "budget": f"{narrowed.target_ms:.3f} ms",
            **{_SHOWN[name]: f"{100 * value:.2f}%" for name, value in shown.items()},
        },
        target_ms=narrowed.target_ms,
        images=narrowed.held_out,
        steps=[
            ShownStep(one.number, one.name, one.ms, one.accuracy, one.multiply_adds, one.parameters)
            for one in narrowed.steps
        ],
        beside=[(one.ms, one.accuracy) for one in narrowed.beside],
        provenance={
            **{name: value for name, value in asked.items() if value is not None},
            "machine": f"{machine.cpu}, {machine.cores} cores",
            "edgewise": VERSION,
        },
    )
    write_text(path, adapt_report(report))


_SHOWN = {
    f"{split}_{kind}": f"{said}, {split}"
    for split in ("val", "test")
    for kind, said in (("accuracy", "accuracy"), ("mean_average_precision", "mean average precision"))
}
