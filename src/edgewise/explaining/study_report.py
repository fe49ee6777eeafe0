"""The page of a study: what the paper says and whether it was seen, the variants, and how they learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from statistics import fmean

from edgewise.explaining.curves import Line, line_chart
from edgewise.explaining.formats import count, millions, per_cent
from edgewise.explaining.html import Markup, Section, page, tag
from edgewise.explaining.tables import Column, facts, table

__all__ = ["StudyReport", "VariantSummary", "study_report"]

Interval = tuple[float, float]


@dataclass(frozen=True)
class VariantSummary:
    """A variant: what it costs, its test accuracies by seed and the 95% interval of their mean, and the validation
    accuracy after every epoch, by seed."""

    name: str
    multiply_adds: int
    parameters: int
    accuracies: Sequence[float]
    curves: Sequence[Sequence[float | None]]
    interval: Interval | None


@dataclass(frozen=True)
class StudyReport:
    """Everything on the page; the base is the first of the `variants`. `outcomes` are what the paper says, by how much
    it is so with its interval, the margin it allows, and whether it was seen; `facts` is how all were trained."""

    question: str
    source: str
    variants: Sequence[VariantSummary]
    outcomes: Sequence[tuple[str, float, Interval | None, float, str]]
    facts: Mapping[str, object]
    command: str


def study_report(data: StudyReport) -> str:
    """The page as one HTML document that loads nothing."""
    introduction = tag("div", None, tag("p", None, f"The paper: {data.source}."), _outcomes(data))
    return page(
        data.question,
        introduction,
        [
            Section("variants", "The variants", _variants(data)),
            Section("curves", "How they learnt", _curves(data)),
            Section("training", "How they were trained", _training(data)),
        ],
    )


def points(difference: float) -> str:
    """A difference of accuracies in percentage points, with its sign."""
    return f"{100 * difference:+.2f}"


def _outcomes(data: StudyReport) -> Markup:
    columns = [
        Column("what the paper says"),
        Column("difference, points", True, "of the means over seeds"),
        Column("95% interval", True, "of the mean difference between runs of the same seed"),
        Column("", False),
    ]
    rows = [
        (
            says if not margin else f"{says} (to {100 * margin:g} points)",
            points(difference),
            None if found is None else f"{points(found[0])} to {points(found[1])}",
            tag("b", None, seen),
        )
        for says, difference, found, margin, seen in data.outcomes
    ]
    return table(
        columns, rows, caption="Seen where the whole interval says so, contradicted where all of it says otherwise"
    )


def _variants(data: StudyReport) -> Markup:
    columns = [
        Column("variant"),
        Column("multiply-adds", True),
        Column("parameters", True),
        Column("runs", True),
        Column("test accuracy", True, "mean over the runs"),
        Column("95% interval", True),
    ]
    rows = [
        (
            one.name,
            millions(one.multiply_adds),
            millions(one.parameters),
            count(len(one.accuracies)),
            per_cent(fmean(one.accuracies), 2),
            None if one.interval is None else f"{per_cent(one.interval[0], 2)} to {per_cent(one.interval[1], 2)}",
        )
        for one in data.variants
    ]
    return table(columns, rows, caption="All trained alike, from the same seeds; the base first", marked=[0])


def _curves(data: StudyReport) -> Markup:
    lines = [Line(one.name, [(epoch, 100 * y) for epoch, y in _mean_curve(one)]) for one in data.variants]
    return line_chart(
        lines,
        summary="Accuracy on the validation images after every epoch, the mean over seeds, of every variant.",
        caption="Validation accuracy after every epoch, the mean over seeds.",
        x_label="epoch",
        y_label="accuracy, %",
        y_range=(0.0, 100.0),
        whole=True,
    )


def _mean_curve(one: VariantSummary) -> list[tuple[int, float]]:
    epochs = zip_longest(*one.curves)
    known = [[value for value in values if value is not None] for values in epochs]
    return [(epoch, fmean(values)) for epoch, values in enumerate(known, 1) if values]


def _training(data: StudyReport) -> Markup:
    again = tag("pre", {"tabindex": 0}, tag("code", None, data.command))
    return tag("div", None, facts(data.facts), again)
