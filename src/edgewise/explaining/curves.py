"""How training went: loss and accuracy over the epochs, as line charts with the numbers in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE, Chart, label, line, responsive
from edgewise.explaining.formats import capitalised, per_cent, significant
from edgewise.explaining.html import NOTHING, Markup, tag
from edgewise.explaining.labels import text_width
from edgewise.explaining.tables import Column, folded, table

__all__ = ["Epoch", "Line", "line_chart", "training_curves"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch left behind; accuracies are shares of one, `None` where not computed."""

    number: int
    train_loss: float | None = None
    val_loss: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None


@dataclass(frozen=True)
class Line:
    """A named series of (x, y); a y that is `None` or not finite interrupts the line."""

    name: str
    points: Sequence[tuple[float, float | None]]


def line_chart(
    lines: Sequence[Line],
    *,
    summary: str,
    caption: str,
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] = (-math.inf, math.inf),
    whole: bool = False,
) -> Markup:
    """Lines told apart by dashes and by their names at the right end as well as by colour. `whole`: x is a count."""

    def draw(width: int) -> Markup:
        known = [y for one in lines for _, y in one.points if y is not None]
        xs = [x for one in lines for x, _ in one.points]
        gutter = max((text_width(one.name) for one in lines), default=0.0)
        chart = Chart(
            width=width,
            height=300 if width >= WIDE else 250,
            x_axis=fit_axis(
                xs, logarithmic=False, floor=min(xs, default=0.0), ticks=8 if width >= WIDE else 4, whole=whole
            ),
            y_axis=fit_axis(known, logarithmic=False, floor=y_range[0], ceiling=y_range[1], ticks=5),
            x_label=x_label,
            y_label=y_label,
            right=gutter + 14,
        )
        return chart.drawn(
            summary, *(_drawn(chart, one, index) for index, one in enumerate(lines)), *_names(chart, lines)
        )

    return responsive(draw, caption)


def _drawn(chart: Chart, one: Line, index: int) -> Markup:
    runs: list[list[str]] = [[]]
    marks: list[Markup] = []
    for x, y in one.points:
        if y is None or not math.isfinite(y):
            runs.append([])
            continue
        runs[-1].append(f"{chart.x(x):.1f},{chart.y(y):.1f}")
        title = tag("title", None, f"{one.name}, {chart.x_label} {x:g}: {significant(y, 4)}")
        marks.append(tag("circle", {"cx": f"{chart.x(x):.1f}", "cy": f"{chart.y(y):.1f}", "r": 2.5}, title))
    drawn = [tag("polyline", {"class": f"dash{index % 4}", "points": " ".join(run)}) for run in runs if len(run) > 1]
    return tag("g", {"class": f"line hue{index % 7}"}, *drawn, *marks)


def _names(chart: Chart, lines: Sequence[Line]) -> list[Markup]:
    """The names at the lines' right ends, pushed apart where the ends are close."""
    ends = []
    for index, one in enumerate(lines):
        known = [(x, y) for x, y in one.points if y is not None and math.isfinite(y)]
        if known:
            ends.append((chart.y(known[-1][1]), chart.x(known[-1][0]), one.name, index))
    written, free_from = [], chart.plot.top - 20
    for y, x, name, index in sorted(ends):
        at = max(y, free_from)
        free_from = at + 15
        written.append(line(x + 3, y, x + 9, at, "grid"))
        written.append(label(x + 11, at + 4, name, f"hue{index % 7} named"))
    return written


def training_curves(history: Sequence[Epoch], measure: str = "accuracy") -> Markup:
    """Loss and accuracy, or whatever the `measure` is, over the epochs, for the series that were computed, and a table
    of the same numbers."""
    losses = [
        Line("training", [(epoch.number, epoch.train_loss) for epoch in history]),
        Line("validation", [(epoch.number, epoch.val_loss) for epoch in history]),
    ]
    accuracies = [
        Line("training", [(epoch.number, _hundredfold(epoch.train_accuracy)) for epoch in history]),
        Line("validation", [(epoch.number, _hundredfold(epoch.val_accuracy)) for epoch in history]),
    ]
    rows = [
        (
            str(epoch.number),
            significant(epoch.train_loss, 4),
            significant(epoch.val_loss, 4),
            per_cent(epoch.train_accuracy, 2),
            per_cent(epoch.val_accuracy, 2),
        )
        for epoch in history
    ]
    numeric = [
        Column(title, True)
        for title in ("training loss", "validation loss", f"training {measure}", f"validation {measure}")
    ]
    numbers = table([Column("epoch", True), *numeric], rows, caption=f"Loss and {measure} of each epoch")
    return tag(
        "div",
        None,
        _chart(losses, "Loss"),
        _chart(accuracies, f"{capitalised(measure)} (%)", (0.0, 100.0)),
        folded("The same numbers as a table", numbers),
    )


def _chart(lines: Sequence[Line], name: str, y_range: tuple[float, float] = (-math.inf, math.inf)) -> Markup:
    known = [one for one in lines if any(y is not None for _, y in one.points)]
    if not known:
        return NOTHING
    summary = f"{name} over the epochs; the numbers are in the table below."
    return line_chart(known, summary=summary, caption="", x_label="epoch", y_label=name, y_range=y_range, whole=True)


def _hundredfold(share: float | None) -> float | None:
    return None if share is None else 100 * share
