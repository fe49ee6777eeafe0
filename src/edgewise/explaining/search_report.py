"""The page that `search` writes: every network that was tried, the front, and the models that were finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgewise.explaining.formats import millions, milliseconds, per_cent, significant
from edgewise.explaining.html import NOTHING, Markup, Section, page, tag
from edgewise.explaining.scatter import Limit, Point, scatter
from edgewise.explaining.tables import Column, facts, table

_TRIED, _FRONT = "tried", "the front"


@dataclass(frozen=True)
class ShownTrial:
    """A network: its trial, its latency in ms (measured where it is on the front), and how it was judged."""

    number: int
    ms: float
    accuracy: float
    multiply_adds: int
    parameters: int
    choices: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownModel:
    """A finished model: the share of the budget it was chosen for, its trial, latency in ms, accuracy and file."""

    name: str
    trial: int
    ms: float
    accuracy: float
    multiply_adds: int
    parameters: int
    file: str


@dataclass(frozen=True)
class SearchReport:
    """Everything on the page. `judged` says in words what the accuracies of trials are, `measured` whether the front's
    latencies were measured."""

    title: str
    command: str
    outcome: Mapping[str, object]
    budget_ms: float
    judged: str
    measured: bool
    trials: Sequence[ShownTrial]
    front: Sequence[ShownTrial]
    models: Sequence[ShownModel]
    provenance: Mapping[str, object]


def search_report(data: SearchReport) -> str:
    """The page as one HTML document that loads nothing."""
    introduction = tag("div", None, facts(data.outcome), tag("p", None, "Written by ", tag("code", None, data.command)))
    sections = [Section("trials", "Every network that was tried", _picture(data))]
    if data.models:
        sections.append(Section("models", "The finished models", _models(data)))
    sections += [
        Section("front", "The front", _front(data)),
        Section("choices", "What they are made of", _choices(data)),
        Section("provenance", "Where this is from", facts(data.provenance)),
    ]
    return page(data.title, introduction, sections)


def _picture(data: SearchReport) -> Markup:
    on_front = {one.number for one in data.front}
    tried = [_point(one, _TRIED, "") for one in data.trials if one.number not in on_front]
    best = max((one for one in data.front if one.ms <= data.budget_ms), key=lambda one: one.accuracy, default=None)
    front = [_point(one, _FRONT, str(one.number), best=one is best) for one in data.front]
    return scatter(
        [*tried, *front],
        summary=f"{len(data.trials)} networks, {len(data.front)} of them on the front. The tables have its numbers.",
        caption=(
            f"Accuracy is {data.judged}; numbers are those of trials. The ring is the most accurate within the budget. "
            "Point at a mark for what it is; a click on one of the front leads to its row."
        ),
        x_label="latency, ms",
        y_label="accuracy, %",
        limit=Limit(data.budget_ms, f"budget {milliseconds(data.budget_ms)}"),
        y_range=(0.0, 100.0),
    )


def _point(one: ShownTrial, group: str, name: str, *, best: bool = False) -> Point:
    made_of = ", ".join(f"{key} {value}" for key, value in one.choices.items())
    return Point(
        name=name,
        group=group,
        x=one.ms,
        y=100 * one.accuracy,
        note=f"trial {one.number}: {per_cent(one.accuracy)} at {milliseconds(one.ms)}; {made_of}",
        best=best,
        anchor=f"trial-{one.number}" if group == _FRONT else "",
    )


def _models(data: SearchReport) -> Markup:
    columns = [
        Column("chosen for"),
        Column("trial", True),
        Column("latency, ms", True, "at batch 1, measured side by side" if data.measured else "by the device's table"),
        Column("test accuracy", True, "after the whole training"),
        Column("multiply-adds", True),
        Column("parameters", True),
        Column("file"),
    ]
    rows = [
        (
            one.name,
            str(one.trial),
            significant(one.ms),
            per_cent(one.accuracy),
            millions(one.multiply_adds),
            millions(one.parameters),
            one.file,
        )
        for one in data.models
    ]
    return table(columns, rows, caption="Networks of the front, trained whole")


def _front(data: SearchReport) -> Markup:
    columns = [
        Column("trial"),
        Column("latency, ms", True, "at batch 1, measured" if data.measured else "by the device's table"),
        Column("accuracy", True, data.judged),
        Column("multiply-adds", True),
        Column("parameters", True),
    ]
    rows = [
        (
            str(one.number),
            significant(one.ms),
            per_cent(one.accuracy),
            millions(one.multiply_adds),
            millions(one.parameters),
        )
        for one in data.front
    ]
    within = [index for index, one in enumerate(data.front) if one.ms <= data.budget_ms]
    return table(
        columns,
        rows,
        caption="What no other beats in accuracy and latency, fastest first; set off, the best within the budget",
        marked=within[-1:],
        anchors=[f"trial-{one.number}" for one in data.front],
    )


def _choices(data: SearchReport) -> Markup:
    if not data.front:
        return NOTHING
    names = list(data.front[0].choices)
    columns = [Column("choice"), *(Column(str(one.number), True, f"trial {one.number}") for one in data.front)]
    rows = [(name, *(str(one.choices.get(name)) for one in data.front)) for name in names]
    return table(columns, rows, caption="The choices of the front's networks, fastest first")
