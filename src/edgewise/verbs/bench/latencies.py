"""`bench`: models × runtimes × precisions × threads timed side by side, with accuracy beside latency."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.devices import Budget, DeviceProfile, Latency, describe_machine, groups
from edgewise.errors import EdgewiseError
from edgewise.verbs.bench.accuracy import Judge, judge
from edgewise.verbs.bench.building import Failure
from edgewise.verbs.bench.forms import Reported, form_notes
from edgewise.verbs.bench.peaks import peak_notes, share_of_peak
from edgewise.verbs.bench.plan import Plan, plan
from edgewise.verbs.bench.result import Benched, Facts
from edgewise.verbs.bench.running import Run
from edgewise.verbs.checks import at_least
from edgewise.verbs.runtimes import threads_notes


def bench(
    models: Sequence[str | Path],
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
    runtime: str | Sequence[str] = "onnxruntime",
    precision: str | Sequence[str] | None = None,
    threads: int | Sequence[int] = 1,
    seconds: float = 30.0,
    budget: str | Budget | None = None,
    profile: str | Path | None = None,
    data: str | Path | None = None,
    split: str = "test",
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    ignored: tuple[int, ...] = (),
    suppress_inside: bool = False,
    progress: Callable[[int, int, int], None] | None = None,
) -> Benched:
    """Times `models`, interleaved: artifacts as they are, model files, names of the zoo and architectures, the latter
    two scaled to `width`, for images of `size` pixels and `classes` classes, with random weights.

    Every model is measured in every combination of runtimes, precisions and numbers of threads that fits it; "all"
    stands for every runtime that is installed, and every precision of one. Where no precision is given each is measured
    in its own: quantised `.onnx` artifacts in int8, all else in fp32. Networks with shuffles are measured in both of
    their forms, the faster is reported.
    With `data` (`split`, `seed`, `skip_bad`, `root`, `workers` as in `evaluate`), the accuracy of model files and of
    artifacts made of one stands beside the latency, computed as it is timed, and model files are quantised in the
    ranges of its training images. With `profile`, a device profile, so does the share of the machine's peak.
    Detectors are timed without decoding and suppression; with `suppress_inside` `.onnx` artifacts that are made here do
    both themselves, and detectors are timed on an image of the data, or a photograph.
    The reference of a relative `budget` is measured too, at `size` and `classes`, by default those of the largest
    artifact or model file; its limit is from the first runtime, precision and number of threads. Rounds go on until
    every 95% interval is under 3% of its median, or `seconds` are up.
    Raises `EdgewiseError` when a model is unknown, a runtime not installed, a precision in none of them, the data or
    the profile cannot be used, or when nothing at all, or not the budget's reference, could be measured.
    """
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    counts = tuple(dict.fromkeys([threads] if isinstance(threads, int) else threads))
    if not counts:
        raise EdgewiseError("there are no threads to measure on; give a number of them")
    at_least(1, {"threads": min(counts)})
    at_least(0, {"seed": seed, "workers": workers})
    budget = Budget.parse(budget) if isinstance(budget, str) else budget
    known = DeviceProfile.read(Path(profile)) if profile is not None else None
    planned = plan(
        models,
        width=width,
        size=size,
        classes=classes,
        runtime=runtime,
        precision=precision,
        reference=budget.reference if budget is not None else None,
    )
    if suppress_inside and not any(one.task == "detect" for one in planned.subjects.values()):
        raise EdgewiseError("nothing that was named finds boxes, so there is nothing to suppress")
    judged = None
    if data is not None:
        judged = judge(
            data,
            list(planned.subjects.values()),
            split=split,
            calibrate=any(one.card is not None for one in planned.quantises),
            seed=seed,
            root=root,
            skip_bad=skip_bad,
            workers=workers,
            ignored=ignored,
        )
    with TemporaryDirectory() as folder:
        run = Run(planned, Path(folder), judged, suppress_inside=suppress_inside)
        rows = run.measure(counts, seconds, progress)
        beside = _limit(planned, rows, run.failures, counts[0])
        if not rows:
            raise EdgewiseError(run.failures[0].sentence)
        multiply_adds = {name: subject.multiply_adds for name, subject in planned.subjects.items()}
        facts = {
            row.latency: Facts(
                form=row.form,
                size_bytes=row.built.forms[row.form].stat().st_size,
                accuracy=run.accuracy(row),
                share_of_peak=share_of_peak(known, row.latency, multiply_adds[row.latency.name]),
            )
            for row in rows
        }
    machine = describe_machine(planned.asked[0][0])
    notes = [
        *planned.notes,
        *threads_notes(counts),
        *(f"left out: {sentence}" for sentence in planned.unreadable),
        *dict.fromkeys(map(str, run.failures)),
        *form_notes(rows),
        *_boxes_note(planned, suppress_inside=suppress_inside, on_data=judged is not None),
        *_ranges_note(planned, judged),
        *(judged.notes if judged is not None else ()),
        *run.notes,
        *(peak_notes(known, machine, list(facts)) if known is not None else ()),
    ]
    return Benched(
        groups=tuple(tuple(sorted(group, key=lambda one: one.median_ms)) for group in groups(facts)),
        facts=facts,
        multiply_adds=multiply_adds,
        machine=machine,
        budget=budget,
        reference=planned.reference.architecture if planned.reference is not None else None,
        beside=beside,
        combinations=tuple(planned.asked),
        threads=counts,
        notes=tuple(notes),
        profile=str(profile) if profile is not None else None,
        data=str(data) if data is not None else None,
        split=split if data is not None else None,
        skipped=judged.skipped if judged is not None else (),
        measure=judged.measure if judged is not None else "accuracy",
    )


def _limit(planned: Plan, rows: Sequence[Reported], failures: Sequence[Failure], threads: int) -> Latency | None:
    """The latency that a relative budget is a share of. Raises `EdgewiseError` where it was not measured."""
    if planned.reference is None:
        return None
    name, first = planned.reference.name, (*planned.asked[0], threads)
    for row in rows:
        if row.latency.name == name and (row.latency.runtime, row.latency.precision, row.latency.threads) == first:
            return row.latency
    reasons = [one.sentence for one in failures if name in one.sentence]
    raise EdgewiseError(
        next(iter(reasons), f"the budget's reference {name} was not measured in {first[0]} {first[1]}; name another")
    )


def _boxes_note(planned: Plan, *, suppress_inside: bool, on_data: bool) -> list[str]:
    """Says whose latencies are without what makes boxes of outputs."""
    finding = [one for one in planned.subjects.values() if one.task == "detect"]
    if suppress_inside:
        asked = "suppression takes the longer the more is found: with --data it is timed on an image of the data"
        blind = [] if on_data else [asked]
        raw = [one for one in finding if one.artifact is not None and one.card and one.card.selection is None]
        return [*blind, *(f"{one.name} gives raw outputs: measured without decoding and suppression" for one in raw)]
    names = [one.name for one in finding if one.card is None or one.card.selection is None]
    if not names:
        return []
    return [f"without decoding and suppression, which --suppress-inside includes: {', '.join(names)}"]


def _ranges_note(planned: Plan, judged: Judge | None) -> list[str]:
    """Says whose int8 artifacts have ranges that are nobody's."""
    calibrated = judged is not None and judged.training is not None
    random = [one.name for one in planned.quantises if one.card is None or not calibrated]
    if not random:
        return []
    return [f"quantised on random images, which says how fast int8 is and nothing of its accuracy: {', '.join(random)}"]
