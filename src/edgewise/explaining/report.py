"""The report of a fit: one HTML file that says what was asked, what was tried, what came out and why it is fast."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.explaining.confusion import confusion
from edgewise.explaining.curves import training_curves
from edgewise.explaining.fit_data import CandidatePoint, CostLine, FitReport, WinnerSummary
from edgewise.explaining.formats import (
    UNKNOWN,
    capitalised,
    count,
    measured_bytes,
    millions,
    milliseconds,
    per_cent,
    significant,
)
from edgewise.explaining.html import NOTHING, Markup, Section, page, tag
from edgewise.explaining.intervals import wilson_interval
from edgewise.explaining.scatter import Limit, Point, scatter
from edgewise.explaining.tables import Column, facts, folded, share_bar, table
from edgewise.explaining.thumbs import gallery, pairs

__all__ = ["fit_report"]


def fit_report(data: FitReport) -> str:
    """The whole report as HTML. It needs no network, no script and no other file, and says nothing by colour alone."""
    sections = [
        Section("candidates", f"{capitalised(data.measure)} against latency", _candidates(data)),
        Section("costs", "What the winner costs, row by row", _costs(data.costs)),
    ]
    if data.confusion is not None:
        sections.append(Section("confusion", "What is taken for what", confusion(data.confusion, data.dataset.classes)))
    if data.shown:
        sections.append(Section("findings", "What the winner finds", _findings(data)))
    if data.mistakes:
        sections.append(Section("mistakes", "The worst mistakes", _mistakes(data)))
    if data.history:
        sections.append(Section("training", "Training the winner", training_curves(data.history, data.measure)))
    sections.append(Section("data", "The data", _dataset(data)))
    sections.append(_machine(data))
    sections.append(Section("files", "Files, and how to make them again", _provenance(data)))
    return page(data.title, _introduction(data), sections)


def _introduction(data: FitReport) -> Markup:
    winner, budget = data.winner, data.budget
    asked = "" if budget.text.strip() == milliseconds(budget.milliseconds) else f" ({budget.text})"
    cards = {
        "winner": (winner.name, ""),
        f"{_predicted(data)}latency": (
            milliseconds(winner.latency_ms),
            f"{_interval_name(data)} {_interval_ms(winner.latency_interval)}",
        ),
        "runs in": (winner.runs_in or UNKNOWN, ""),
        "budget": (f"{milliseconds(budget.milliseconds)}{asked}", _verdict(winner, budget.milliseconds)),
        f"test {data.measure}": _accuracy(data, winner.test_accuracy, winner.test_images),
        f"validation {data.measure}": _accuracy(data, winner.val_accuracy, winner.val_images),
    }
    shown = [
        tag("div", None, tag("dt", None, name), tag("dd", None, tag("b", None, value), tag("small", None, note)))
        for name, (value, note) in cards.items()
        if value != UNKNOWN
    ]
    both = f"Latency and {data.measure}"
    note = f"{both} are those of the exported artifact, in the runtime that ships, one image at a time."
    if data.predicted_for is not None:
        note = (
            f"Latencies are predicted for {data.predicted_for}, one image at a time; none was measured. "
            f"{capitalised(data.measure)} is that of the exported artifact, run here."
        )
    return tag("div", None, tag("dl", {"class": "cards"}, *shown), tag("p", None, note))


def _predicted(data: FitReport) -> str:
    return "" if data.predicted_for is None else "predicted "


def _interval_name(data: FitReport) -> str:
    return "95% interval" if data.predicted_for is None else "95% of predictions are right within"


def _verdict(winner: WinnerSummary, budget: float) -> str:
    low, high = winner.latency_interval
    if high <= budget:
        return "met"
    if low > budget:
        return "not met"
    return "met within noise" if winner.latency_ms <= budget else "not met, by less than the noise"


def _accuracy(data: FitReport, share: float | None, images: int | None) -> tuple[str, str]:
    if share is None or not images:
        return per_cent(share, 2), ""
    if not _has_interval(data):
        return per_cent(share, 2), f"{count(images)} images"
    low, high = wilson_interval(share, images)
    return per_cent(share, 2), f"{count(images)} images, 95% interval {per_cent(low)}–{per_cent(high)}"


def _interval_ms(interval: tuple[float, float] | None) -> str:
    return UNKNOWN if interval is None else f"{significant(interval[0])}–{significant(interval[1])} ms"


def _candidates(data: FitReport) -> Markup:
    timed = [one for one in data.candidates if one.latency_ms is not None]
    how = "measured" if data.predicted_for is None else "predicted"
    trained = [one for one in data.candidates if one.accuracy is not None]
    summary = (
        f"{len(data.candidates)} candidates, {len(timed)} of them {how} and {len(trained)} trained, "
        f"against a budget of {milliseconds(data.budget.milliseconds)}. The table below has the same numbers."
    )
    bars = "Bars are 95% intervals: where two overlap, the order between them is noise."
    if data.predicted_for is not None:
        bars = "Bars across are what 95% of predicted latencies are right within, those upright 95% intervals."
    caption = (
        f"{bars} {capitalised(data.measure)} is on validation images after the stage a candidate reached, so only "
        "candidates of one stage compare; the ring is the winner."
    )
    picture = scatter(
        [_point(one, data) for one in timed],
        summary=summary,
        caption=caption,
        x_label=f"{_predicted(data)}latency, ms",
        y_label=f"validation {data.measure}, %",
        limit=Limit(data.budget.milliseconds, f"budget {milliseconds(data.budget.milliseconds)}"),
        y_range=(0.0, 100.0),
        strip_label=f"{how}, not trained",
    )
    return tag("div", None, picture if timed else NOTHING, _candidate_table(data))


def _has_interval(data: FitReport) -> bool:
    """Whether images are right or wrong, one by one."""
    return data.measure == "accuracy"


def _point(one: CandidatePoint, data: FitReport) -> Point:
    note = f"{milliseconds(one.latency_ms)} ({_interval_ms(one.latency_interval)}), {one.stage}"
    interval = None
    if one.accuracy is not None:
        note = f"{per_cent(one.accuracy)}, {note}"
        if one.images and _has_interval(data):
            low, high = wilson_interval(one.accuracy, one.images)
            interval = (100 * low, 100 * high)
    return Point(
        name=one.name,
        group=one.family,
        x=one.latency_ms or 0.0,
        y=None if one.accuracy is None else 100 * one.accuracy,
        x_interval=one.latency_interval,
        y_interval=interval,
        note=note,
        best=one.name == data.winner.name and one.accuracy is not None,
    )


def _candidate_table(data: FitReport) -> Markup:
    far = float("inf")
    ordered = sorted(
        data.candidates,
        key=lambda one: (one.accuracy is None, far if one.latency_ms is None else one.latency_ms, one.multiply_adds),
    )
    columns = [
        Column("candidate"),
        Column("family"),
        Column("runs in", hint="the runtime and precision that its latency is for"),
        Column(f"{_predicted(data)}latency, ms", True, "median at batch 1"),
        Column("95% interval, ms", True),
        Column("in budget"),
        Column(data.measure, True, "on validation images, after the stage reached"),
        Column("stage reached"),
        Column("multiply-adds", True, "convolutions and linear layers only, for one image"),
        Column("parameters", True),
    ]
    rows = [
        (
            one.name,
            one.family,
            one.runs_in,
            significant(one.latency_ms),
            _interval_ms(one.latency_interval).removesuffix(" ms"),
            "yes" if one.in_budget else "no",
            per_cent(one.accuracy),
            one.stage,
            millions(one.multiply_adds),
            millions(one.parameters),
        )
        for one in ordered
    ]
    trained = sum(one.accuracy is not None for one in ordered)
    marked = [index for index, one in enumerate(ordered) if one.name == data.winner.name]
    lead = table(columns, rows[:trained], caption="The candidates that were trained, fastest first", marked=marked)
    rest = table(columns, rows[trained:], caption="The candidates that were not trained, fastest first")
    others = len(rows) - trained
    return tag(
        "div", None, lead if trained else NOTHING, folded(f"The other {others} candidates", rest) if others else NOTHING
    )


def _costs(lines: Sequence[CostLine]) -> Markup:
    columns = [
        Column("row"),
        Column("what it is"),
        Column("output", True, "shape of the result: channels × height × width"),
        Column("multiply-adds", True),
        Column("share", True, "of all multiply-adds"),
        Column("parameters", True),
        Column("read", True, "bytes read: weights and inputs of every operation"),
        Column("written", True, "bytes written: results of every operation"),
        Column("multiply-adds per byte", True, "low: memory sets the pace; high: arithmetic does"),
    ]
    everything = sum(line.multiply_adds for line in lines)
    rows = [_cost_row(line, everything) for line in lines]
    total = (
        "all",
        "",
        "",
        count(everything),
        "",
        count(sum(line.parameters for line in lines)),
        measured_bytes(sum(line.bytes_read for line in lines)),
        measured_bytes(sum(line.bytes_written for line in lines)),
        significant(_intensity(everything, sum(line.bytes_read + line.bytes_written for line in lines))),
    )
    note = "Where few multiply-adds are done for each byte moved, fewer of them make a network no faster."
    caption = "Costs for one image, batch 1, counted in 32-bit floats, whatever the artifact's precision"
    content = table(columns, rows, caption=caption, total=total)
    return tag("div", None, tag("p", None, note), content)


def _cost_row(line: CostLine, everything: int) -> tuple[str | Markup, ...]:
    share = line.multiply_adds / everything if everything else 0.0
    return (
        line.row,
        line.description,
        "×".join(str(size) for size in line.output),
        count(line.multiply_adds),
        share_bar(share),
        count(line.parameters),
        measured_bytes(line.bytes_read),
        measured_bytes(line.bytes_written),
        significant(_intensity(line.multiply_adds, line.bytes_read + line.bytes_written)),
    )


def _intensity(multiply_adds: int, moved: int) -> float | None:
    return multiply_adds / moved if moved else None


def _mistakes(data: FitReport) -> Markup:
    note = "The mistakes of which the network was most certain come first. Often it is the label that is wrong."
    return tag("div", None, tag("p", None, note), gallery(data.mistakes))


def _findings(data: FitReport) -> Markup:
    return tag(
        "div", None, tag("p", None, "Test images as they are labelled, and what the artifact finds."), pairs(data.shown)
    )


def _dataset(data: FitReport) -> Markup:
    dataset = data.dataset
    named = dataset.classes[:20]
    lines: dict[str, object] = {
        "source": dataset.source,
        "images": dict(dataset.counts),
        "split": dataset.split_rule,
        "classes": f"{len(dataset.classes)}: {', '.join(named)}{', …' if len(dataset.classes) > len(named) else ''}",
        "skipped files": len(dataset.skipped),
    }
    if not dataset.skipped:
        return facts(lines)
    skipped = table([Column("file"), Column("why")], dataset.skipped, caption="Files that were left out")
    return tag("div", None, facts(lines), folded("The skipped files", skipped))


def _machine(data: FitReport) -> Section:
    if data.predicted_for is None:
        return Section("machine", "The machine it was measured on", facts(data.machine))
    lines = {"latencies are predicted for": data.predicted_for, "trained and evaluated on": data.machine}
    return Section("machine", "The device it is for, and the machine it was trained on", facts(lines))


def _provenance(data: FitReport) -> Markup:
    columns = [Column("file"), Column("what it is"), Column("size", True)]
    rows = [(one.name, one.description, measured_bytes(one.size)) for one in data.files]
    written = table(columns, rows, caption="The files of this run") if rows else NOTHING
    command = tag("pre", {"tabindex": 0}, tag("code", None, data.command))
    more = {**(data.winner.facts or {}), **(data.provenance or {})}
    return tag(
        "div", None, written, tag("p", None, "The command that makes them:"), command, facts(more) if more else NOTHING
    )
