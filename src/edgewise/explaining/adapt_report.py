"""The page that `adapt` writes: accuracy against latency of every step, and networks narrowed evenly beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgewise.explaining.formats import capitalised, millions, milliseconds, per_cent, significant
from edgewise.explaining.html import Markup, Section, page, tag
from edgewise.explaining.intervals import wilson_interval
from edgewise.explaining.scatter import Limit, Point, scatter
from edgewise.explaining.tables import Column, facts, table

_STEPS, _ALIKE = "steps", "all narrowed alike"


@dataclass(frozen=True)
class ShownStep:
    """A step: what it narrowed, its latency in ms, its accuracy on the holdout, and its costs."""

    number: int
    name: str
    ms: float
    accuracy: float
    multiply_adds: int
    parameters: int


@dataclass(frozen=True)
class AdaptReport:
    """Everything on the page. `beside` are networks narrowed alike, `widths` those of every space before and after,
    `images` those of the holdout, `measure` what networks are judged by on them; `outcome` says in words what the
    finished network does, and `limit` what the line at `target_ms` is."""

    title: str
    command: str
    outcome: Mapping[str, object]
    target_ms: float
    limit: str
    images: int
    measure: str
    steps: Sequence[ShownStep]
    beside: Sequence[ShownStep]
    widths: Sequence[tuple[str, int, int]]
    provenance: Mapping[str, object]


def adapt_report(data: AdaptReport) -> str:
    """The page as one HTML document that loads nothing."""
    introduction = tag(
        "div",
        None,
        facts(data.outcome),
        tag("p", None, "Written by ", tag("code", None, data.command)),
    )
    return page(
        data.title,
        introduction,
        [
            Section("steps", f"{capitalised(data.measure)} against latency", _picture(data)),
            Section("table", "The steps", _table(data)),
            Section("widths", "The widths", _widths(data)),
            Section("provenance", "Where this is from", facts(data.provenance)),
        ],
    )


def _picture(data: AdaptReport) -> Markup:
    last = data.steps[-1].number
    points = [
        _point(
            data, f"{one.number}", _STEPS, one.ms, one.accuracy, f"step {one.number}, {one.name}", one.number == last
        )
        for one in data.steps
    ]
    points += [_point(data, "", _ALIKE, one.ms, one.accuracy, one.name, False) for one in data.beside]
    return scatter(
        points,
        summary=(
            f"{len(data.steps) - 1} steps from {milliseconds(data.steps[0].ms)} to {milliseconds(data.steps[-1].ms)}. "
            "The table below has the same numbers."
        ),
        caption=(
            f"{capitalised(data.measure)} is on {data.images} images held out of the training images"
            f"{', with its 95% interval' if _has_interval(data) else ''}, before the last training; the ring is the "
            "last step. Beside it the first network with all widths narrowed by one share at once, and tuned for as "
            "many steps as the adaptation took in all."
        ),
        x_label="latency, ms",
        y_label=f"{data.measure} on the holdout, %",
        limit=Limit(data.target_ms, f"{data.limit} {milliseconds(data.target_ms)}"),
        y_range=(0.0, 100.0),
    )


def _point(data: AdaptReport, name: str, group: str, ms: float, accuracy: float, what: str, best: bool) -> Point:
    interval = None
    if _has_interval(data):
        low, high = wilson_interval(accuracy, data.images)
        interval = (100 * low, 100 * high)
    return Point(
        name=name,
        group=group,
        x=ms,
        y=100 * accuracy,
        y_interval=interval,
        note=f"{per_cent(accuracy)} at {milliseconds(ms)}, {what}",
        best=best,
    )


def _has_interval(data: AdaptReport) -> bool:
    """Whether images are right or wrong, one by one."""
    return data.measure == "accuracy"


def _table(data: AdaptReport) -> Markup:
    columns = [
        Column("step"),
        Column("narrowed"),
        Column("latency, ms", True, "at batch 1"),
        Column("saved, ms", True),
        Column("holdout", True, f"{data.measure} after the short fine-tune"),
        Column("multiply-adds", True),
        Column("parameters", True),
    ]
    rows = [
        (
            str(one.number),
            one.name,
            significant(one.ms),
            None if index == 0 else significant(data.steps[index - 1].ms - one.ms, 2),
            per_cent(one.accuracy),
            millions(one.multiply_adds),
            millions(one.parameters),
        )
        for index, one in enumerate(data.steps)
    ]
    alike = [
        (
            "–",
            one.name,
            significant(one.ms),
            None,
            per_cent(one.accuracy),
            millions(one.multiply_adds),
            millions(one.parameters),
        )
        for one in data.beside
    ]
    caption = "Every accepted step, and the networks beside them"
    return table(columns, [*rows, *alike], caption=caption, marked=[len(rows) - 1])


def _widths(data: AdaptReport) -> Markup:
    columns = [Column("channels of"), Column("before", True), Column("after", True), Column("left", True)]
    rows = [(name, str(before), str(after), per_cent(after / before)) for name, before, after in data.widths]
    return table(columns, rows, caption="Every space of channels: what goes together, by its first value")
