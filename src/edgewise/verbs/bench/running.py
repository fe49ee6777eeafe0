"""Everything of a plan built, measured in one run, and scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgewise.data.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgewise.devices import Variant, measure_variants
from edgewise.errors import EdgewiseError
from edgewise.verbs.bench.accuracy import Judge
from edgewise.verbs.bench.building import Built, Failure, built
from edgewise.verbs.bench.forms import Reported, reported, variants_of
from edgewise.verbs.bench.plan import Plan
from edgewise.verbs.bench.subjects import Subject
from edgewise.verbs.photographs import photographs


class Run:
    """The artifacts of a plan in `folder`; `failures` are what could not be built or measured, `notes` what could not
    be scored."""

    def __init__(self, plan: Plan, folder: Path, judge: Judge | None, *, suppress_inside: bool = False) -> None:
        self._judge = judge
        self._scores: dict[tuple[Path, str, str], float | None] = {}
        self.built: list[Built] = []
        self.failures: list[Failure] = []
        self.notes: list[str] = []
        calibrated = {one.name for one in plan.quantises}
        for index, (name, subject) in enumerate(plan.subjects.items()):
            images = judge.calibration(subject) if judge is not None and name in calibrated else None
            example = None
            if suppress_inside and subject.task == "detect":
                example = folder / f"{index}.npy"
                np.save(example, _seen(subject, judge))
            for one in built(subject, plan.fits[name], folder / str(index), images, example):
                (self.failures if isinstance(one, Failure) else self.built).append(one)  # type: ignore[arg-type]

    def measure(
        self, threads: Sequence[int], seconds: float, progress: Callable[[int, int, int], None] | None
    ) -> list[Reported]:
        """A latency for each of the artifacts on each number of threads, in their faster form."""
        pairs = [(one, count) for one in self.built for count in threads]
        owners = {variant: one.subject.name for one, count in pairs for variant in variants_of(one, count).values()}
        failed: dict[Variant, str] = {}

        def told(variant: Variant, error: EdgewiseError) -> None:
            # What was built here lies in a folder that nobody knows: the sentence is to name the model.
            failed[variant] = str(error).replace(str(variant.path), owners[variant])

        measured = measure_variants(list(owners), max_seconds=seconds, progress=progress, failed=told)
        left = [variant for variant in owners if variant not in failed]
        latencies = dict(zip(left, measured, strict=True))
        rows = []
        for one, count in pairs:
            if (row := reported(one, count, latencies)) is not None:
                rows.append(row)
            else:
                first = next(iter(variants_of(one, count).values()))
                self.failures.append(Failure(one.precision, failed[first]))
        return rows

    def accuracy(self, row: Reported) -> float | None:
        """That of the row's artifact, as its runtime computes it; the same on any number of threads."""
        if self._judge is None:
            return None
        one, path = row.built, row.built.forms[row.form]
        key = (path, one.runtime, one.precision)
        if key not in self._scores:
            try:
                self._scores[key] = self._judge.accuracy(
                    one.subject, path, one.runtime, one.precision, row.latency.threads
                )
            except EdgewiseError as error:
                self._scores[key] = None
                self.notes.append(f"no accuracy in {one.precision}: {str(error).replace(str(path), one.subject.name)}")
        return self._scores[key]


def _seen(subject: Subject, judge: Judge | None) -> np.ndarray:
    """What a detector is timed on, as it takes it: an image of the data, or a photograph. How long suppression takes
    depends on how much is found."""
    _, height, width = subject.image or (3, 0, 0)
    prepared = (
        Preprocessing(height, width, IMAGENET_MEAN, IMAGENET_STD)
        if subject.card is None
        else subject.card.preprocessing
    )
    split = None if judge is None else judge.splits.get(subject.name)
    pixels = photographs(prepared)[0] if split is None else prepared.resized(split.load(0))
    if subject.card is not None and subject.card.normalise_inside:
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]
    return prepared.normalised(pixels)[None]
