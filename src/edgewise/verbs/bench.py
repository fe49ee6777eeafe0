"""`bench`: models and artifacts timed side by side, in the runtime that ships."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgewise.costs import count
from edgewise.deploy import export_onnx, random_tensors, read_artifact
from edgewise.devices import Budget, Latency, Machine, Verdict, describe_machine, groups, measure
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find
from edgewise.verbs.checks import at_least
from edgewise.verbs.resolve import architecture_of, existing, is_artifact, is_model_file


@dataclass(frozen=True)
class Benched:
    """Latencies in groups that are the same within noise, fastest group first; costs by name; what the budget says.

    Artifacts and model files go by their paths, others by their architecture's name. `multiply_adds` and `size_bytes`
    are by name, multiply-adds None for artifacts. `verdicts` are by name, empty without a budget, whose limit is
    `budget_ms` and whose reference, where it is relative, was measured as the architecture `reference`.
    """

    groups: tuple[tuple[Latency, ...], ...]
    multiply_adds: dict[str, int | None]
    size_bytes: dict[str, int]
    machine: Machine
    budget_ms: float | None
    reference: Architecture | None
    verdicts: dict[str, Verdict]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": self.machine.to_json(),
            "budget_ms": self.budget_ms,
            "reference": {"name": self.reference.name, "input": list(self.reference.input)} if self.reference else None,
            "groups": [
                [
                    {
                        **latency.to_json(),
                        "multiply_adds": self.multiply_adds[latency.name],
                        "size_bytes": self.size_bytes[latency.name],
                        "budget": self.verdicts[latency.name].value if self.verdicts else None,
                    }
                    for latency in group
                ]
                for group in self.groups
            ],
        }


def bench(
    models: Sequence[str | Path],
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
    runtime: str = "onnxruntime",
    threads: int = 1,
    seconds: float = 30.0,
    budget: str | Budget | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Benched:
    """Times `models`, interleaved: artifacts and model files as they are, names of the zoo and architectures scaled to
    `width`, for images of `size` pixels and `classes` classes; what is no artifact gets random weights.

    The reference of a relative `budget` is measured too, at `size` and `classes`, by default those of the largest
    artifact or model file. Rounds go on until every 95% interval is under 3% of its median, or `seconds` are up.
    Raises `EdgewiseError` when a model is unknown or a runtime fails.
    """
    if not models:
        raise EdgewiseError("there is nothing to measure; name models or artifacts")
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    at_least(1, {"threads": threads})
    budget = Budget.parse(budget) if isinstance(budget, str) else budget
    subjects = dict(_subject(model, width, size, classes) for model in models)
    reference = None
    if budget is not None and budget.reference is not None:
        reference = _reference(budget.reference, subjects, size, classes)
        subjects.setdefault(reference.name, reference)
    with TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}
        for index, (name, subject) in enumerate(subjects.items()):
            if isinstance(subject, Architecture):
                paths[name] = export_onnx(subject, random_tensors(subject), Path(folder) / f"{index}.onnx")
            else:
                paths[name] = subject
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        latencies = measure(paths, runtime=runtime, threads=threads, max_seconds=seconds, progress=progress)
    beside = next((one for one in latencies if reference is not None and one.name == reference.name), None)
    return Benched(
        groups=tuple(tuple(group) for group in groups(latencies)),
        multiply_adds={
            name: count(subject).multiply_adds if isinstance(subject, Architecture) else None
            for name, subject in subjects.items()
        },
        size_bytes=sizes,
        machine=describe_machine(runtime),
        budget_ms=budget.limit_ms(beside) if budget is not None else None,
        reference=reference,
        verdicts={one.name: budget.verdict(one, beside) for one in latencies} if budget is not None else {},
    )


def _subject(
    model: str | Path, width: float | None, size: int | None, classes: int | None
) -> tuple[str, Architecture | Path]:
    """What is to be measured, and its name."""
    if is_artifact(model):
        return str(model), existing(model, "artifact")
    if is_model_file(model):
        return str(model), architecture_of(model)
    architecture = architecture_of(model, width=width, size=size, classes=classes)
    return architecture.name, architecture


def _reference(
    name: str, subjects: Mapping[str, Architecture | Path], size: int | None, classes: int | None
) -> Architecture:
    """The budget's reference for the same task as what it is compared with: images and classes, never its width."""
    files = [subject for path, subject in subjects.items() if is_artifact(path) or is_model_file(path)]
    known = [task for subject in files if (task := _task(subject)) is not None]
    if known:
        size = size or max(pixels for pixels, _ in known)
        classes = classes or max(told_apart for _, told_apart in known)
    reference = architecture_of(find(name), size=size, classes=classes)
    if subjects.get(name, reference) != reference:
        raise EdgewiseError(
            f"{name} is measured and is the budget's reference too, but for other images or classes; "
            "give --input and --classes"
        )
    return reference


def _task(subject: Architecture | Path) -> tuple[int, int] | None:
    """The pixels a side and the classes that a model was made for; None for artifacts that do not say."""
    if isinstance(subject, Architecture):
        return subject.input[1], subject.classes
    try:
        card = read_artifact(subject)
    except EdgewiseError:
        return None
    return card.preprocessing.height, len(card.classes)
