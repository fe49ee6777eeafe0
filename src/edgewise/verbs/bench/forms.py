"""Of the forms an artifact was measured in, the one that is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgewise.deploy.rewrites import PLAIN
from edgewise.devices import Latency, Variant
from edgewise.verbs.bench.building import Built


@dataclass(frozen=True)
class Reported:
    """A latency under the subject's own name, the artifact it is of, and that artifact's form."""

    built: Built
    form: str
    latency: Latency


def variants_of(built: Built, threads: int) -> dict[str, Variant]:
    """What is measured of it, by form."""
    return {
        form: Variant(_called(built, form), path, built.runtime, built.precision, threads, built.example)
        for form, path in built.forms.items()
    }


def reported(built: Built, threads: int, latencies: Mapping[Variant, Latency]) -> Reported | None:
    """The plain form, or the other where that is faster beyond noise or alone was measured; None where none was."""
    found = {
        form: latency
        for form, variant in variants_of(built, threads).items()
        if (latency := latencies.get(variant)) is not None
    }
    if not found:
        return None
    form = min(found, key=lambda name: found[name].median_ms)
    if PLAIN in found and found[form].high_ms >= found[PLAIN].low_ms:
        form = PLAIN
    return Reported(built, form, replace(found[form], name=built.subject.name))


def form_notes(rows: Sequence[Reported]) -> list[str]:
    """For each subject that has two forms, where which of them is the faster."""
    notes = []
    for name in dict.fromkeys(row.built.subject.name for row in rows if len(row.built.forms) > 1):
        of_it = [row for row in rows if row.built.subject.name == name]
        other = next(form for form in of_it[0].built.forms if form != PLAIN)
        faster = [row for row in of_it if row.form == other]
        where = ", ".join(dict.fromkeys(_where(row, of_it) for row in faster))
        rest = "plain in the rest" if len(faster) < len(of_it) else "nowhere plain"
        notes.append(
            f"{name} is measured in {other}, where that is faster than plain: {where}; {rest}"
            if faster
            else f"{name} is measured plain: {other} is nowhere faster"
        )
    return notes


def _where(row: Reported, beside: Sequence[Reported]) -> str:
    several = len({one.latency.threads for one in beside}) > 1
    threads = f" on {row.latency.threads}" if several else ""
    return f"{row.latency.runtime} {row.latency.precision}{threads}"


def _called(built: Built, form: str) -> str:
    return built.subject.name if form == PLAIN else f"{built.subject.name} in {form}"
