"""`fit`: the main job, from images and a latency budget to a measured, deployed model."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgewise.blocks import Task
from edgewise.data import BadImage, Dataset, open_dataset
from edgewise.data.statistics import statistics
from edgewise.devices import Budget, Verdict, describe_machine
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.files import write_text
from edgewise.fitting.candidates import Candidate, Measured, Wanted, measure_candidates, reference_of
from edgewise.fitting.clocks import Clock, MeasuringClock, PredictingClock
from edgewise.fitting.combinations import AUTO, combinations
from edgewise.fitting.delivery import Delivery, deliver, delivery_facts
from edgewise.fitting.halving import RUNGS, Halving, Standing, default_recipe
from edgewise.fitting.record import dataset_facts, missed, training_facts
from edgewise.fitting.report import write_report
from edgewise.fitting.rescue import Rescue, rescuable
from edgewise.fitting.selection import RULE, fastest, select
from edgewise.papers import find
from edgewise.run_folder import RunFolder
from edgewise.training import TrainResult
from edgewise.verbs.checks import at_least, cores, decoding_workers, described
from edgewise.verbs.scenes import Size, scene_size, task_for, told, without_flip
from edgewise.version import VERSION
from edgewise.weights import Provenance

MEASURING_SECONDS = 20.0
"""The longest that the shortlist is measured together."""

RESCUED = 0.5
"""The share of the training time that a candidate gets before it is narrowed."""

DELIVERY_SECONDS = 12.0
"""The longest that the artifact is measured."""


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit gave: the winner, everything measured on the way, the delivered artifact, and what files of the data
    were left out."""

    folder: Path
    winner: Candidate
    selected: tuple[Candidate, ...]
    standings: tuple[Standing, ...]
    measured: Measured
    trained: TrainResult
    delivery: Delivery
    skipped: tuple[BadImage, ...]


def fit(
    data: str | Path,
    budget: str | Budget,
    *,
    out: Path | str = "runs/fit",
    minutes: float = 12.0,
    epochs: int | None = None,
    candidates: int = 4,
    size: int | Size | None = None,
    task: Task | None = None,
    ignored: tuple[int, ...] = (),
    runtime: str | Sequence[str] = AUTO,
    precision: str = AUTO,
    device: str | Path | None = None,
    threads: int = 1,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    command: str | None = None,
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
) -> FitResult:
    """Finds, trains, exports and measures the most accurate network for `data` within `budget`, into the folder `out`.

    `data` is what `open_dataset` takes; `budget` reads `5ms`, `800us` or `0.6x mobilenet_v2`, for one image on
    `threads` threads. Candidates are ranked as they will be deployed: each kind of network in the fastest `runtime`
    (one or several; `auto`: those installed) and `precision` (`auto`, `fp32`, `bf16`, `int8`) for it, quantised where
    that is int8. The winner is delivered in the fastest of them that holds its accuracy. With `device`, the profile of
    another device with latency tables (`edgewise device import`), latencies are predicted for it, not measured here.

    For boxes and masks (`task`, by default what the data has) networks are the zoo's with SSDLite's or LR-ASPP's head,
    judged by COCO's mean average precision or the mean intersection over union; `ignored` are values of masks that are
    nobody's. A detector's artifact decodes its boxes and suppresses overlapping ones itself, and is timed so.

    Training takes about `minutes`, shared by `candidates` networks (see `fitting.selection.RULE` and
    `fitting.halving`), or `epochs` each when given. Where nothing meets the budget the fastest candidate is trained and
    narrowed until it does (`fitting.rescue`), which takes longer. `size` is the largest input in pixels, by default the
    images' own up to 224; for boxes and masks it may be (height, width) and is by default as in `train_scenes`. `flip`
    mirrors training images (by default all but the digits and their scenes). The same call on the same folder resumes.

    Raises `BudgetError` when nothing can be made to meet the budget, naming the fastest candidate, and `EdgewiseError`
    for data or options that cannot be used.
    """
    began = time.monotonic()
    say = tell or (lambda text: None)
    budget = budget if isinstance(budget, Budget) else Budget.parse(budget)
    _check(minutes, size)
    at_least(1, {"epochs": epochs, "candidates": candidates, "threads": threads})
    at_least(0, {"seed": seed, "workers": workers})
    runtimes = [runtime] if isinstance(runtime, str) else list(runtime)
    clock = _clock(Path(device) if device is not None else None, runtimes, precision, threads)
    if budget.reference is not None:
        find(budget.reference)  # a misspelt reference is told before an hour's work
    wanted_task = task_for(data, task)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, task=wanted_task, ignored=ignored)
    found = statistics(dataset.splits["train"])
    height, across = _input(dataset, size, found.size)
    wanted = Wanted(height, len(dataset.classes), dataset.task, across)
    for remark in clock.remarks:
        say(remark)
    for_size = f"{height}" if height == across else f"{height}×{across}"
    say(described(dataset) + told(dataset) + f"; images of {found.short_side} pixels, networks for {for_size}")
    if dataset.task == "detect" and clock.device is not None:
        say("latencies are without decoding and suppression, which cannot be predicted for another device")
    machine = describe_machine()
    flip = dataset.source != "digits" and not without_flip(dataset) if flip is None else flip
    asked = {
        "verb": "fit",
        "data": dataset.digest,
        "budget": str(budget),
        "minutes": minutes,
        "epochs": epochs,
        "candidates": candidates,
        "input": height if height == across else [height, across],
        "runtimes": [" ".join(one) for one in clock.allowed],
        "device": hashlib.sha256(Path(device).read_bytes()).hexdigest() if device is not None else None,
        "threads": threads,
        "flip": flip,
        "seed": seed,
        "edgewise version": VERSION,
        **({"ignored": list(ignored)} if ignored else {}),
    }
    line = command or "edgewise.fit(...)"
    with RunFolder(Path(out), asked) as folder, clock:

        def measure() -> Measured:
            made = measure_candidates(budget, clock, wanted, seconds=MEASURING_SECONDS, tell=say)
            if not select(made, candidates):  # a budget nothing can be made to meet leaves no run behind
                rescuable(made, budget, clock, MEASURING_SECONDS, say)
            return made

        measured = folder.stage("measured", measure, Measured.to_json, Measured.from_json)
        selected = select(measured, candidates)
        rescued = not selected
        selected = selected or [fastest(measured)[0]]
        limit = f" is {measured.budget_ms:.3f} ms" if budget.reference is not None else ""
        say(f"budget {budget}{limit}; training {', '.join(one.name for one in selected)}")
        halving = Halving(
            folder=folder,
            dataset=dataset,
            statistics=found,
            recipe=default_recipe(dataset, height, seed=seed, flip=flip),
            # What is narrowed is trained a second time, and in between.
            seconds=60 * minutes * (RESCUED if rescued else 1),
            epochs=epochs,
            workers=decoding_workers(workers),
            progress=progress,
            tell=say,
        )
        provenance = Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=line)
        if rescued:
            profile = Path(device) if device is not None else None
            rescue = Rescue.of(halving, selected[0], measured, profile, threads, cores())
            winner, trained, network = rescue.run(provenance, asked)
        else:
            winner, trained, network = halving.run(selected)
        meant = winner.meant
        say("exporting, and measuring the artifact")
        delivery = deliver(
            folder.path,
            network,
            dataset,
            halving.preprocessing(winner),
            provenance,
            budget,
            clock,
            reference_of(budget, clock, wanted),
            meant=meant,
            threads=threads,
            seconds=DELIVERY_SECONDS,
            workers=decoding_workers(workers),
            tell=say,
        )
    trained_ones = selected
    if rescued:
        winner = replace(winner, latency=delivery.latency, verdict=delivery.verdict, measured=True)
        measured = replace(measured, candidates=(*measured.candidates, winner))
        trained_ones = [*selected, winner]
    record = {
        "command": line,
        "asked": asked,
        "machine": machine.to_json(),
        "predicted_for": clock.device,
        "latencies": clock.remarks,
        "versions": _versions(),
        "dataset": dataset_facts(dataset),
        "selection_rule": RULE.format(count=candidates),
        "rungs": {"shares": list(RUNGS), "standings": [asdict(standing) for standing in halving.standings]},
        "schedules": {name: plan.to_json() for name, plan in halving.schedules(selected).items()},
        "winner": winner.name,
        "narrowed from": selected[0].name if rescued else None,
        "training": training_facts(trained),
        "delivery": delivery_facts(delivery),
        "measured": measured.to_json(),
        "seconds_of_last_call": round(time.monotonic() - began, 1),
    }
    write_text(folder.path / "run.json", json.dumps(record, indent=1, allow_nan=False))
    write_report(
        folder.path / "report.html",
        command=line,
        machine=machine,
        device=clock.device,
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
        raise BudgetError(missed(winner.name, meant, delivery, clock))
    return FitResult(
        folder=folder.path,
        winner=winner,
        selected=tuple(trained_ones),
        standings=tuple(halving.standings),
        measured=measured,
        trained=trained,
        delivery=delivery,
        skipped=dataset.skipped,
    )


def _check(minutes: float, size: int | Size | None) -> None:
    if not 0 < minutes < math.inf:
        raise EdgewiseError(f"training for {minutes:g} minutes cannot be planned; give more than 0")
    for one in size if isinstance(size, tuple) else (size,):
        if one is not None and not 16 <= one <= 1024:
            raise EdgewiseError(f"an input of {one} pixels cannot be searched over; give 16 to 1024")


def _input(dataset: Dataset, size: int | Size | None, usual: int) -> Size:
    """Height and width of the largest input."""
    if dataset.task != "classify":
        return scene_size(dataset, size)
    if isinstance(size, tuple):
        raise EdgewiseError("classifiers are searched on square images; give --input one number")
    return size or usual, size or usual


def _clock(device: Path | None, runtimes: list[str], precision: str, threads: int) -> Clock:
    if device is None:
        return MeasuringClock(combinations(runtimes, precision), threads)
    return PredictingClock(DeviceProfile.read(device), runtimes, precision, threads)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "torchvision", "lightning", "onnx", "onnxruntime", "numpy")}
