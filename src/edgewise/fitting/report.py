"""The run's page: what was considered, what won, where it errs and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgewise.costs import cost_table
from edgewise.data import Dataset
from edgewise.deploy.quantization.trials import Attempt
from edgewise.devices import Budget, Machine, Verdict
from edgewise.explaining import Budget as ShownBudget
from edgewise.explaining import (
    CandidatePoint,
    DatasetSummary,
    Epoch,
    FitReport,
    Mistake,
    WinnerSummary,
    WrittenFile,
    fit_report,
)
from edgewise.files import write_text
from edgewise.fitting.candidates import Candidate, Measured
from edgewise.fitting.delivery import Delivery, worst_mistakes
from edgewise.fitting.findings import findings
from edgewise.fitting.halving import MORE, Standing, guessing
from edgewise.training import DetectionEvaluation, TrainResult
from edgewise.training.scores import score_name, score_of

MISTAKES = 24

FILES = {
    "model.onnx": "the artifact: runs in ONNX Runtime, with preprocessing and class names in its metadata",
    "model.safetensors": "the model file: weights, architecture, preprocessing, classes, metrics, provenance",
    "run.json": "the record: everything that was asked, measured and decided",
    "report.html": "this page",
}


def write_report(
    path: Path,
    *,
    command: str,
    machine: Machine,
    device: str | None,
    dataset: Dataset,
    budget: Budget,
    measured: Measured,
    standings: Sequence[Standing],
    winner: Candidate,
    trained: TrainResult,
    delivery: Delivery,
    provenance: Mapping[str, object],
) -> None:
    """Writes the page to `path`, one file that needs no network. `device` is what latencies were predicted for, None
    where they were measured on `machine`."""
    test = dataset.splits["test"]
    report = FitReport(
        title=f"{winner.name} for {dataset.source} within {budget}",
        command=command,
        machine=machine.in_words(),
        predicted_for=device,
        measure=score_name(dataset.task, multi_label=dataset.multi_label),
        shown=findings(delivery.artifact, dataset, delivery.form.runtime, delivery.form.precision),
        dataset=DatasetSummary(
            source=dataset.source,
            classes=dataset.classes,
            counts={name: len(split) for name, split in dataset.splits.items()},
            split_rule=dataset.split_rule,
            skipped=tuple((image.path, image.reason) for image in dataset.skipped),
        ),
        budget=ShownBudget(delivery.budget_ms, str(budget)),
        candidates=tuple(
            _point(one, standings, winner, delivery, len(dataset.splits["val"])) for one in measured.candidates
        ),
        winner=WinnerSummary(
            name=winner.name,
            latency_ms=delivery.latency.median_ms,
            latency_interval=(delivery.latency.low_ms, delivery.latency.high_ms),
            runs_in=f"{delivery.latency.runtime} {delivery.latency.precision}",
            val_accuracy=score_of(delivery.validation.metrics()),
            val_images=len(dataset.splits["val"]),
            test_accuracy=score_of(delivery.test.metrics()),
            test_images=len(test),
            facts={**_facts(delivery, trained), **_doubt(standings, dataset)},
        ),
        costs=cost_table(delivery.card.architecture),
        confusion=None if isinstance(delivery.test, DetectionEvaluation) else delivery.test.confusion,
        mistakes=tuple(
            Mistake(
                delivery.card.preprocessing.resized(test.load(index)),
                dataset.classes[truth],
                dataset.classes[predicted],
                certainty,
                test.path(index),
            )
            for index, truth, predicted, certainty in worst_mistakes(delivery.test, test, MISTAKES)
        ),
        history=tuple(
            Epoch(
                number=record.epoch,
                train_loss=record.train_loss,
                val_loss=record.metrics.get("loss"),
                val_accuracy=score_of(record.metrics) if record.metrics else None,
            )
            for record in trained.history
        ),
        files=tuple(
            WrittenFile(name, what, (path.parent / name).stat().st_size if (path.parent / name).exists() else None)
            for name, what in FILES.items()
        ),
        provenance=provenance,
    )
    write_text(path, fit_report(report))


def _facts(delivery: Delivery, trained: TrainResult) -> dict[str, object]:
    latency, parity = delivery.latency, delivery.parity
    facts: dict[str, object] = {
        "runtime": f"{latency.runtime}, {latency.threads} thread{'' if latency.threads == 1 else 's'}, batch 1, "
        f"{latency.precision}",
        "form": f"{_form(delivery.form)}, of {len(delivery.tried)} that were tried",
        "budget": f"{delivery.verdict.value}: {delivery.budget_ms:.3f} ms",
        ("predicted from so many networks" if latency.predicted else "rounds measured"): latency.rounds,
        **_found(delivery),
        "agreement with torch": f"in fp32 outputs differ by at most {parity.difference:.1e} of their range "
        f"on {parity.images} images",
        "trained": f"{trained.epochs} epoch{'' if trained.epochs == 1 else 's'} at "
        f"{trained.images_per_second:.0f} images/s, {trained.seconds:.0f} s, precision {trained.precision}",
    }
    if latency.cpu_median_ms is not None:
        facts["thread CPU time"] = f"{latency.cpu_median_ms:.3f} ms"
    return facts


def _doubt(standings: Sequence[Standing], dataset: Dataset) -> dict[str, object]:
    """Says so where it was chance that chose."""
    rungs: dict[int, list[Standing]] = {}
    for one in standings:
        rungs.setdefault(one.rung, []).append(one)
    blind = [f"rung {rung}" for rung, own in rungs.items() if len(own) > 1 and guessing(own, dataset)]
    if not blind:
        return {}
    return {"chosen": f"by chance at {' and '.join(blind)}: no candidate did better than guessing; {MORE}"}


def _found(delivery: Delivery) -> dict[str, object]:
    if isinstance(delivery.test, DetectionEvaluation):
        return {
            "decoding and suppression": "inside the artifact, and in its latency",
            "mAP at an overlap of 0.5": (
                f"{100 * delivery.validation.metrics()['map50']:.2f}% on validation images, "
                f"{100 * delivery.test.map50:.2f}% on test images"
            ),
        }
    return {}


def _form(form: Attempt) -> str:
    parts = [form.name, *([f"in float: {', '.join(form.in_float)}"] if form.in_float else [])]
    return "; ".join(parts)


def _point(
    candidate: Candidate, standings: Sequence[Standing], winner: Candidate, delivery: Delivery, images: int
) -> CandidatePoint:
    latency = candidate.latency
    accuracy, stage = None, "measured" if candidate.measured else "screened"
    if latency is not None and latency.predicted:
        stage = "predicted"
    for standing in standings:
        if standing.candidate == candidate.name:
            accuracy, stage = standing.score, standing.stage
    if candidate.name == winner.name:
        accuracy, stage, latency = score_of(delivery.validation.metrics()), "winner", delivery.latency
    return CandidatePoint(
        name=candidate.name,
        family=candidate.family,
        multiply_adds=candidate.multiply_adds,
        parameters=candidate.parameters,
        latency_ms=latency.median_ms if latency else None,
        latency_interval=(latency.low_ms, latency.high_ms) if latency else None,
        accuracy=accuracy,
        images=images if accuracy is not None else None,
        stage=stage,
        in_budget=(delivery if candidate.name == winner.name else candidate).verdict is Verdict.MET,
        runs_in=f"{latency.runtime} {latency.precision}" if latency else None,
    )
