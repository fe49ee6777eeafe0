"""The winner in every runtime and precision that is allowed: its artifacts, judged by their accuracy and timed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.data import Dataset
from edgewise.deploy.quantization import SCHEMES
from edgewise.deploy.quantization.search import search, usable
from edgewise.deploy.quantization.trials import FLOAT, Attempt, Subject, Trials
from edgewise.deploy.suppression import shipped
from edgewise.devices import FLOAT_PRECISIONS, INTEGER_PRECISIONS, Budget, Latency, Variant, groups
from edgewise.errors import EdgewiseError
from edgewise.fitting.candidates import Tell
from edgewise.fitting.clocks import Clock, Timed
from edgewise.training.scores import score_of

POINTS = 1.0
"""The percentage points of validation accuracy that a faster form may lose against fp32."""

CALIBRATION = 256
"""How many training images the ranges of quantised values are found on."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The artifact that is delivered, what it is, its latency and that of the budget's reference beside it."""

    artifact: Path
    attempt: Attempt
    latency: Latency
    reference: Latency | None
    attempts: tuple[Attempt, ...]


def choose_form(
    subject: Subject,
    dataset: Dataset,
    images: np.ndarray,
    budget: Budget,
    clock: Clock,
    reference: Timed | None,
    folder: Path,
    *,
    threads: int,
    seconds: float,
    workers: int,
    tell: Tell,
) -> Chosen:
    """The fastest artifact of `subject` that is allowed and loses at most `POINTS` of its accuracy; one that finds
    boxes suppresses them itself, and is timed on the first validation image.

    Quantised ones are made in `folder`, by every scheme, calibrated on `images`; where all lose too much, with their
    worst parts in floating point. Where latencies are predicted there is only the one kind that the tables are of.
    Where no form that `clock` allows holds the accuracy the floating-point one is delivered all the same: a fast wrong
    model is a failure. All are timed together, `reference` among them; of those as fast as the fastest within noise the
    most accurate is taken, of those that keep the `budget` where any does. Raises `EdgewiseError` where the
    floating-point artifact does not run.
    """
    trials = Trials(
        dataset.splits["val"],
        [one for one in clock.allowed if one[1] in INTEGER_PRECISIONS],
        folder,
        points=POINTS,
        threads=threads,
        workers=workers,
        score=score_of,
        tell=tell,
    )
    for runtime in dict.fromkeys(runtime for runtime, _ in clock.allowed):
        trials.judge(FLOAT, subject.artifact, runtime, FLOAT)
        if not trials.attempts:
            raise EdgewiseError(trials.errors[0])
    for runtime, precision in clock.allowed:
        if precision in FLOAT_PRECISIONS and precision != FLOAT:
            trials.judge(precision, subject.artifact, runtime, precision)
    if trials.combinations:
        _quantise(trials, subject, images, clock)
    fit = [one for one in trials.attempts if (one.runtime, one.precision) in clock.allowed and trials.holds(one)]
    if not fit:
        tell(f"nothing that is allowed stays within {POINTS:g} point of fp32's accuracy: delivering fp32")
        fit = [trials.plain]
    task, example = dataset.task, None
    if task == "detect":
        example = folder / "example.npy"
        prepared = subject.card.preprocessing
        np.save(example, prepared.normalised(prepared.resized(dataset.splits["val"].load(0)))[None])
    paths = {one: shipped(trials.path(one), task) for one in fit}
    variants = [Variant(one.name, paths[one], one.runtime, one.precision, threads, example) for one in fit]
    assert subject.architecture is not None
    latencies = clock.measure_artifacts(variants, subject.architecture, reference, seconds)
    beside = latencies.pop() if reference is not None else None
    judged = {(one.name, one.runtime, one.precision): one for one in fit}
    fastest = groups(latencies)[0]
    within = [latency for latency in fastest if budget.meets(latency, beside)] or fastest
    timed = [(latency, judged[latency.name, latency.runtime, latency.precision]) for latency in within]
    latency, attempt = max(timed, key=lambda pair: pair[1].accuracy)
    return Chosen(paths[attempt], attempt, latency, beside, tuple(trials.attempts))


def _quantise(trials: Trials, subject: Subject, images: np.ndarray, clock: Clock) -> None:
    """Quantises in all the ways whose latency `clock` can tell."""
    if clock.device is None:
        search(trials, subject, images, usable(SCHEMES, trials))
        return
    # Tables are timed from what `deploy.build` makes: whole networks, by the first scheme. Another scheme's artifact,
    # or one with parts in float, may take several times as long, and no table would show it.
    for scheme in usable(SCHEMES[:1], trials):
        trials.quantise(subject, images, scheme)
    trials.export(subject, images)
