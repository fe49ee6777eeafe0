"""`bench`: models and artifacts timed side by side, in one runtime and precision or in several."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgewise.costs import count
from edgewise.deploy import count_onnx, export_onnx, random_tensors, read_artifact
from edgewise.devices import (
    Budget,
    Latency,
    Machine,
    Runtime,
    Variant,
    Verdict,
    describe_machine,
    groups,
    installed_runtime,
    measure_variants,
)
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture, find
from edgewise.verbs.checks import at_least
from edgewise.verbs.resolve import architecture_of, existing, is_artifact, is_model_file


@dataclass(frozen=True)
class Benched:
    """Latencies in groups that are the same within noise, fastest group first; costs by name; what the budget says.

    Artifacts and model files go by their paths, others by their architecture's name; there is a latency for each name
    in each runtime and precision that `combinations` has, but for those that failed, which `notes` tells, a sentence
    each. `multiply_adds` and `size_bytes` are by name, multiply-adds None for artifacts that cannot be counted.
    `budget_ms` is the limit of `budget`; where that is relative, the architecture `reference` was measured as `beside`.
    """

    groups: tuple[tuple[Latency, ...], ...]
    multiply_adds: dict[str, int | None]
    size_bytes: dict[str, int]
    machine: Machine
    budget: Budget | None
    reference: Architecture | None
    beside: Latency | None
    combinations: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def budget_ms(self) -> float | None:
        """The most milliseconds that keep the budget, None without one."""
        return self.budget.limit_ms(self.beside) if self.budget is not None else None

    def verdict(self, latency: Latency) -> Verdict | None:
        """Whether one of the latencies keeps the budget, None without one."""
        return self.budget.verdict(latency, self.beside) if self.budget is not None else None

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": self.machine.to_json(),
            "budget_ms": self.budget_ms,
            "reference": {"name": self.reference.name, "input": list(self.reference.input)} if self.reference else None,
            "notes": list(self.notes),
            "groups": [
                [
                    {
                        **latency.to_json(),
                        "multiply_adds": self.multiply_adds[latency.name],
                        "size_bytes": self.size_bytes[latency.name],
                        "budget": verdict.value if (verdict := self.verdict(latency)) is not None else None,
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
    runtime: str | Sequence[str] = "onnxruntime",
    precision: str | Sequence[str] = "fp32",
    threads: int = 1,
    seconds: float = 30.0,
    budget: str | Budget | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Benched:
    """Times `models`, interleaved: artifacts and model files as they are, names of the zoo and architectures scaled to
    `width`, for images of `size` pixels and `classes` classes; what is no artifact gets random weights.

    Of several runtimes and precisions every model is measured in every combination that there is, all interleaved.
    The reference of a relative `budget` is measured too, at `size` and `classes`, by default those of the largest
    artifact or model file; its limit is from the first runtime and precision. Rounds go on until every 95% interval is
    under 3% of its median, or `seconds` are up.
    Raises `EdgewiseError` when a model is unknown, a runtime not installed, a precision in none of them, or when
    nothing at all, or not the budget's reference, could be measured.
    """
    if not models:
        raise EdgewiseError("there is nothing to measure; name models or artifacts")
    if not 0 < seconds < math.inf:
        raise EdgewiseError(f"{seconds:g} seconds are no time to measure in; give more than 0")
    at_least(1, {"threads": threads})
    combinations, notes = _combinations(_several(runtime), _several(precision))
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
        variants = [Variant(name, path, *one, threads) for name, path in paths.items() for one in combinations]
        failures: dict[Variant, str] = {}

        def failed(variant: Variant, error: EdgewiseError) -> None:
            # What was exported here lies in a folder that nobody knows: the sentence is to name the model.
            failures[variant] = str(error).replace(str(variant.path), variant.name)

        latencies = measure_variants(variants, max_seconds=seconds, progress=progress, failed=failed)
    beside = None
    if reference is not None:
        first = Variant(reference.name, paths[reference.name], *combinations[0], threads)
        if first in failures:
            raise EdgewiseError(failures[first])
        beside = next(one for one in latencies if _is(one, first))
    if not latencies:
        raise EdgewiseError(next(iter(failures.values())))
    return Benched(
        groups=tuple(tuple(group) for group in groups(latencies)),
        multiply_adds={name: _multiply_adds(subject) for name, subject in subjects.items()},
        size_bytes=sizes,
        machine=describe_machine(combinations[0][0]),
        budget=budget,
        reference=reference,
        beside=beside,
        combinations=tuple(combinations),
        notes=(*notes, *(f"left out in {one.precision}: {sentence}" for one, sentence in failures.items())),
    )


def _several(given: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([given] if isinstance(given, str) else given))


def _combinations(runtimes: Sequence[str], precisions: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The runtimes with the precisions they have, and a note for each that one lacks. Raises `EdgewiseError` where a
    runtime is not installed or a precision is in none of them."""
    if not (runtimes and precisions):
        raise EdgewiseError("there is nothing to measure in; name a runtime and a precision")
    found: list[Runtime] = [installed_runtime(name) for name in runtimes]
    for precision in precisions:
        if not any(precision in one.precisions for one in found):
            have = "; ".join(f"{one.name} computes in {', '.join(one.precisions)}" for one in found)
            raise EdgewiseError(
                f"nothing that was named computes in {precision!r}: {have}; choose one of these, or another runtime"
            )
    pairs = [(one, precision) for one in found for precision in precisions]
    notes = [f"{one.name} does not compute in {given}: left out" for one, given in pairs if given not in one.precisions]
    return [(one.name, given) for one, given in pairs if given in one.precisions], notes


def _multiply_adds(subject: Architecture | Path) -> int | None:
    """None for a file that a runtime takes and the counter does not."""
    if isinstance(subject, Architecture):
        return count(subject).multiply_adds
    try:
        return count_onnx(subject).multiply_adds
    except EdgewiseError:
        return None


def _is(latency: Latency, variant: Variant) -> bool:
    return (latency.name, latency.runtime, latency.precision) == (variant.name, variant.runtime, variant.precision)


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
