"""Who is measured in what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise.devices import INTEGER_PRECISIONS
from edgewise.errors import EdgewiseError
from edgewise.verbs.bench.combinations import Combination, combinations, fitting
from edgewise.verbs.bench.subjects import Subject, inputs_differ, reference_of, subject_of


@dataclass(frozen=True)
class Plan:
    """`asked` are the runtimes and precisions there are, or, where no precision was asked for, those that are needed;
    `fits` those for each subject, by its name. `notes` say what was left out and what does not compare, `unreadable`
    are the sentences of artifacts that cannot be read."""

    subjects: dict[str, Subject]
    asked: list[Combination]
    fits: dict[str, list[Combination]]
    notes: list[str]
    unreadable: list[str]
    reference: Subject | None = None

    @property
    def quantises(self) -> list[Subject]:
        """The subjects that are quantised here."""
        return [
            one
            for name, one in self.subjects.items()
            if one.artifact is None and any(precision in INTEGER_PRECISIONS for _, precision in self.fits[name])
        ]


def plan(
    models: Sequence[str | Path],
    *,
    width: float | None,
    size: int | None,
    classes: int | None,
    runtime: str | Sequence[str],
    precision: str | Sequence[str] | None,
    reference: str | None = None,
) -> Plan:
    """Resolves what the user names, and the `reference` of a budget beside it. Raises `EdgewiseError` when a model, a
    runtime or a precision is unknown, two networks share a name, or nothing fits anything."""
    if not models:
        raise EdgewiseError("there is nothing to measure; name models or artifacts")
    own = precision is None
    asked, notes = combinations(_several(runtime), None if precision is None else _several(precision))
    named = [subject_of(model, width=width, size=size, classes=classes) for model in models]
    subjects, repeated = _by_name(named)
    notes += repeated
    beside = None
    if reference is not None:
        beside = reference_of(reference, named, size, classes)
        subjects.setdefault(beside.name, beside)
    notes += inputs_differ(list(subjects.values()))
    fits: dict[str, list[Combination]] = {}
    unreadable: list[str] = []
    left_out: list[str] = []
    for name, subject in subjects.items():
        try:
            fits[name], said = fitting(subject, asked, own=own)
        except EdgewiseError as error:
            fits[name], said = [], []
            unreadable.append(str(error))
        left_out += said
    if not any(fits.values()):
        raise EdgewiseError((unreadable or left_out or ["there is nothing to measure in"])[0])
    if own:
        asked = [pair for pair in asked if any(pair in some for some in fits.values())]
    return Plan(subjects, asked, fits, [*notes, *left_out], unreadable, beside)


def _by_name(named: Sequence[Subject]) -> tuple[dict[str, Subject], list[str]]:
    """The subjects by their names, and notes of those that were named more than once. Raises `EdgewiseError` where two
    networks have one name, for then nobody could tell their rows apart."""
    subjects: dict[str, Subject] = {}
    repeated: list[str] = []
    for one in named:
        if subjects.setdefault(one.name, one) != one:
            raise EdgewiseError(f"two different networks are called {one.name}; give one of them another name")
        repeated.append(one.name)
    twice = [name for name in subjects if repeated.count(name) > 1]
    return subjects, [f"{name} is named more than once, and measured once" for name in twice]


def _several(given: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([given] if isinstance(given, str) else given))
