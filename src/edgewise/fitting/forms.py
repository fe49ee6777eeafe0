"""The winner in every runtime and precision that is allowed: its artifacts, judged by their accuracy and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgewise.data import Dataset
from edgewise.deploy.quantization import SCHEMES
from edgewise.deploy.quantization.search import search, usable
from edgewise.deploy.quantization.trials import FLOAT, Attempt, Subject, Trials
from edgewise.devices import FLOAT_PRECISIONS, INTEGER_PRECISIONS, Latency, Variant, groups, measure_variants
from edgewise.errors import EdgewiseError
from edgewise.fitting.candidates import Tell
from edgewise.fitting.combinations import Combination
from edgewise.fitting.halving import score_of

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
    allowed: Sequence[Combination],
    reference: Variant | None,
    folder: Path,
    *,
    threads: int,
    seconds: float,
    workers: int,
    tell: Tell,
) -> Chosen:
    """The fastest artifact of `subject` that is allowed and loses at most `POINTS` of its accuracy.

    Quantised ones are made in `folder`, by every scheme, calibrated on `images`; where all lose too much, with their
    worst parts in floating point. Where no allowed form holds the accuracy the floating-point one is delivered all the
    same: a fast wrong model is a failure. All are measured in the same rounds, `reference` among them. Raises
    `EdgewiseError` where the floating-point artifact does not run.
    """
    trials = Trials(
        dataset.splits["val"],
        [one for one in allowed if one[1] in INTEGER_PRECISIONS],
        folder,
        points=POINTS,
        threads=threads,
        workers=workers,
        score=score_of,
        tell=tell,
    )
    for runtime in dict.fromkeys(runtime for runtime, _ in allowed):
        trials.judge(FLOAT, subject.artifact, runtime, FLOAT)
        if not trials.attempts:
            raise EdgewiseError(trials.errors[0])
    for runtime, precision in allowed:
        if precision in FLOAT_PRECISIONS and precision != FLOAT:
            trials.judge(precision, subject.artifact, runtime, precision)
    if trials.combinations:
        search(trials, subject, images, usable(SCHEMES, trials))
    fit = [one for one in trials.attempts if (one.runtime, one.precision) in allowed and trials.holds(one)]
    if not fit:
        tell(f"nothing that is allowed stays within {POINTS:g} point of fp32's accuracy: delivering fp32")
        fit = [trials.plain]
    variants = {Variant(one.name, trials.path(one), one.runtime, one.precision, threads): one for one in fit}
    beside = [] if reference is None else [reference]
    latencies = measure_variants([*variants, *beside], max_seconds=seconds)
    timed = dict(zip(latencies, variants.values(), strict=False))
    fastest = groups(timed)[0]
    latency = max(fastest, key=lambda one: timed[one].accuracy)
    attempt = timed[latency]
    return Chosen(trials.path(attempt), attempt, latency, latencies[-1] if beside else None, tuple(trials.attempts))
