"""Which runtimes and precisions there are to measure in, and which of them fit a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgewise.devices import (
    FLOAT_PRECISIONS,
    INTEGER_PRECISIONS,
    Runtime,
    find_runtime,
    installed_runtime,
    runtime_names,
)
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.verbs.bench.subjects import Subject

ALL = "all"
"""Stands for every runtime that is installed, or every precision of a runtime."""

PRECISIONS = (*FLOAT_PRECISIONS, *INTEGER_PRECISIONS)

_FLOAT, _QUANTISED = "fp32", "int8"
"""What is measured in unless precisions are asked for: the latter for quantised artifacts, the former for the rest."""

Combination = tuple[str, str]
"""A runtime and a precision."""


def combinations(runtimes: Sequence[str], precisions: Sequence[str] | None) -> tuple[list[Combination], list[str]]:
    """The runtimes with the precisions they have, and notes of what was left out. `precisions` are None where every
    subject is to be measured in its own.

    Raises `EdgewiseError` where a runtime is unknown or, unless all were asked for, not installed, and where a
    precision is in none of them.
    """
    if not runtimes or (precisions is not None and not precisions):
        raise EdgewiseError("there is nothing to measure in; name a runtime and a precision")
    notes: list[str] = []
    found: list[Runtime] = []
    for name in dict.fromkeys(runtime_names() if ALL in runtimes else runtimes):
        runtime = find_runtime(name) if ALL in runtimes else installed_runtime(name)
        if runtime.version() is None:
            notes.append(f"{name} is not installed and left out; install it with: {runtime.install_hint}")
        else:
            found.append(runtime)
    if precisions is None:
        return [(one.name, own) for one in found for own in (_FLOAT, _QUANTISED) if not _lacks(one, own)], notes
    if ALL in precisions:
        return [(one.name, precision) for one in found for precision in one.precisions], notes
    asked = list(dict.fromkeys(precisions))
    for precision in asked:
        if not any(precision in one.precisions for one in found):
            have = "; ".join(f"{one.name} computes in {', '.join(one.precisions)}" for one in found)
            raise EdgewiseError(
                f"nothing that was named computes in {precision!r}: {have}; choose one of these, or another runtime"
            )
    pairs = [(one, precision) for one in found for precision in asked]
    if ALL not in runtimes:
        notes += [f"{one.name} does not compute in {given}: left out" for one, given in pairs if _lacks(one, given)]
    return [(one.name, given) for one, given in pairs if not _lacks(one, given)], notes


def fitting(subject: Subject, asked: Sequence[Combination], *, own: bool) -> tuple[list[Combination], list[str]]:
    """The combinations that the subject can be measured in, and notes of what was left out.

    An artifact runs only in runtimes of its ending, a quantised one only in int8, one in floating point not in int8.
    With `own` nobody asked for precisions: int8 for quantised artifacts, fp32 for all else.
    Raises `EdgewiseError` where it cannot be read.
    """
    path = subject.artifact
    if path is None:
        return [pair for pair in asked if not own or pair[1] == _FLOAT], []
    notes: list[str] = []
    fits = [pair for pair in asked if find_runtime(pair[0]).suffix == path.suffix]
    if others := list(dict.fromkeys(pair[0] for pair in asked if pair not in fits)):
        takers = [name for name in runtime_names() if find_runtime(name).suffix == path.suffix]
        notes.append(f"{subject.name} is an artifact for {' or '.join(takers)}: not measured in {', '.join(others)}")
    if not fits:
        return [], notes
    quantized = subject.quantized()
    if own:
        wanted = _QUANTISED if quantized else _FLOAT
        return [pair for pair in fits if pair[1] == wanted], notes
    if quantized is None:
        if len({precision for _, precision in fits}) > 1:
            notes.append(f"{subject.name} does not say what it is computed in: measured once, as {fits[0][1]}")
        return fits[:1], notes
    able = INTEGER_PRECISIONS if quantized else FLOAT_PRECISIONS
    if unfit := list(dict.fromkeys(precision for _, precision in fits if precision not in able)):
        what = "quantised" if quantized else "in floating point"
        left = [pair for pair in fits if pair[1] in able]
        hint = "" if left else "; leave --precision out, and everything is measured in its own"
        notes.append(f"{subject.name} is {what}: not measured in {', '.join(unfit)}{hint}")
    return [pair for pair in fits if pair[1] in able], notes


def _lacks(runtime: Runtime, precision: str) -> bool:
    return precision not in runtime.precisions
