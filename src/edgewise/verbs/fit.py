"""`fit`: the main job, from images and a latency budget to a measured, deployed model."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.data import Dataset, open_dataset
from edgewise.data.statistics import Statistics, statistics
from edgewise.devices import Budget, Verdict, describe_machine
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.files import write_text
from edgewise.fitting.candidates import Candidate, Measured, measure_candidates
from edgewise.fitting.delivery import Delivery, deliver, delivery_facts
from edgewise.fitting.halving import RUNGS, Halving, Standing, default_recipe
from edgewise.fitting.report import write_report
from edgewise.fitting.run_folder import RunFolder
from edgewise.fitting.selection import RULE, select
from edgewise.papers import find
from edgewise.training import TrainResult
from edgewise.version import VERSION
from edgewise.weights import Provenance

MEASURING_SECONDS = 25.0
"""The longest that the shortlist is measured together."""

DELIVERY_SECONDS = 12.0
"""The longest that the artifact is measured."""


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit gave: the winner, everything measured on the way, and the delivered artifact."""

    folder: Path
    winner: Candidate
    selected: tuple[Candidate, ...]
    standings: tuple[Standing, ...]
    measured: Measured
    trained: TrainResult
    delivery: Delivery


def fit(
    data: str | Path,
    budget: str | Budget,
    *,
    out: Path | str = "runs/fit",
    minutes: float = 12.0,
    epochs: int | None = None,
    candidates: int = 4,
    size: int | None = None,
    threads: int = 1,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int = 0,
    command: str | None = None,
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
) -> FitResult:
    """Finds, trains, exports and measures the most accurate network for `data` within `budget`, into the folder `out`.

    `data` is what `open_dataset` takes; `budget` reads `5ms`, `800us` or `0.6x mobilenet_v2`, for one image in one
    runtime with `threads` threads. Training takes about `minutes`, shared by `candidates` networks (see
    `fitting.selection.RULE` and `fitting.halving`), or `epochs` each when given. `size` is the largest input in
    pixels, by default the images' own up to 224. `flip` mirrors training images (by default all but the digits).
    The same call on the same folder resumes.

    Raises `BudgetError` when nothing meets the budget, naming the fastest candidate, and `EdgewiseError` for data or
    options that cannot be used.
    """
    began = time.monotonic()
    say = tell or (lambda text: None)
    budget = budget if isinstance(budget, Budget) else Budget.parse(budget)
    _check(minutes, epochs, candidates, size, threads)
    if budget.reference is not None:
        find(budget.reference)  # a misspelt reference is told before an hour's work
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    found = statistics(dataset.splits["train"])
    size = size or found.size
    say(_inspected(dataset, found, size))
    machine = describe_machine()
    flip = dataset.source != "digits" if flip is None else flip
    asked = {
        "data_digest": dataset.digest,
        "budget": str(budget),
        "minutes": minutes,
        "epochs": epochs,
        "candidates": candidates,
        "size": size,
        "threads": threads,
        "flip": flip,
        "seed": seed,
        "edgewise": VERSION,
    }
    folder = RunFolder(Path(out), asked)
    measured = folder.stage(
        "measured",
        lambda: measure_candidates(
            budget, size=size, classes=len(dataset.classes), threads=threads, seconds=MEASURING_SECONDS, tell=say
        ),
        Measured.to_json,
        Measured.from_json,
    )
    selected = select(measured, budget, candidates)
    say(f"budget {budget} is {measured.budget_ms:.3f} ms; training {', '.join(one.name for one in selected)}")
    halving = Halving(
        folder=folder,
        dataset=dataset,
        statistics=found,
        recipe=default_recipe(dataset, size, seed=seed, flip=flip),
        seconds=60 * minutes,
        epochs=epochs,
        workers=workers,
        progress=progress,
        tell=say,
    )
    winner, trained, network = halving.run(selected)
    say("exporting, and measuring the artifact")
    line = command or "edgewise.fit(...)"
    provenance = Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=line)
    reference = None
    if budget.reference is not None:
        reference = find(budget.reference).with_classes(len(dataset.classes)).with_input(size)
    delivery = deliver(
        folder.path,
        network,
        dataset,
        halving.preprocessing(winner),
        provenance,
        budget,
        reference,
        threads=threads,
        seconds=DELIVERY_SECONDS,
        workers=workers,
    )
    record = {
        "command": line,
        "asked": asked,
        "machine": machine.to_json(),
        "versions": _versions(),
        "dataset": {
            "source": dataset.source,
            "digest": dataset.digest,
            "classes": list(dataset.classes),
            "counts": {name: len(split) for name, split in dataset.splits.items()},
            "split_rule": dataset.split_rule,
            "skipped": [asdict(image) for image in dataset.skipped],
        },
        "selection_rule": RULE.format(count=candidates),
        "rungs": {"shares": list(RUNGS), "standings": [asdict(standing) for standing in halving.standings]},
        "schedules": {name: plan.to_json() for name, plan in halving.schedules(selected).items()},
        "winner": winner.name,
        "training": _training_facts(trained),
        "delivery": delivery_facts(delivery),
        "measured": measured.to_json(),
        "seconds": round(time.monotonic() - began, 1),
    }
    write_text(folder.path / "run.json", json.dumps(record, indent=1, default=str))
    write_report(
        folder.path / "report.html",
        command=line,
        machine=machine.to_json(),
        dataset=dataset,
        budget=budget,
        measured=measured,
        standings=halving.standings,
        winner=winner,
        trained=trained,
        delivery=delivery,
        provenance={"edgewise": VERSION, "seed": seed, "data digest": dataset.digest, **_versions()},
    )
    if delivery.verdict is Verdict.MISSED:
        raise BudgetError(
            f"{winner.name} kept the budget when it was chosen but the artifact took {delivery.latency.median_ms:.3f} "
            f"ms of {delivery.budget_ms:.3f}; the machine was busier then or now, so run `edgewise bench` on "
            f"{delivery.artifact} when it is quiet"
        )
    return FitResult(folder.path, winner, tuple(selected), tuple(halving.standings), measured, trained, delivery)


def command_line() -> str:
    """The command as it was typed, for the record."""
    return shlex.join(["edgewise", *sys.argv[1:]])


def _check(minutes: float, epochs: int | None, candidates: int, size: int | None, threads: int) -> None:
    if not minutes > 0:
        raise EdgewiseError(f"training for {minutes:g} minutes is no training; give more than 0")
    for name, value in (("epochs", epochs), ("candidates", candidates), ("threads", threads)):
        if value is not None and value < 1:
            raise EdgewiseError(f"{name} must be at least 1, not {value}")
    if size is not None and not 16 <= size <= 1024:
        raise EdgewiseError(f"an input of {size} pixels cannot be searched over; give 16 to 1024")


def _inspected(dataset: Dataset, found: Statistics, size: int) -> str:
    counts = ", ".join(f"{len(split)} {name}" for name, split in dataset.splits.items())
    skipped = f", {len(dataset.skipped)} bad files left out" if dataset.skipped else ""
    return (
        f"{dataset.source}: {len(dataset.classes)} classes, {counts}{skipped}; images of {found.short_side} pixels, "
        f"networks for {size}"
    )


def _training_facts(trained: TrainResult) -> Mapping[str, Any]:
    content = trained.to_json()
    content.pop("folder")
    return content


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "torchvision", "lightning", "onnx", "onnxruntime", "numpy")}
