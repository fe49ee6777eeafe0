"""The section of docs/benchmarks.md on searchers, and its figure; `page.py` puts them on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE
from edgewise.explaining.html import Markup
from edgewise.explaining.panels import MARGIN, Panel, key, series, stacked

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

TITLES = {
    "surrogate": "surrogate (default)",
    "random": "random",
    "evolution": "regularised evolution",
    "tpe": "Optuna TPE",
    "nsga2": "Optuna NSGA-II",
    "gp": "Optuna GP",
    "ppo": "PPO, as in MnasNet",
    "ppo_tuned": "PPO, tuned",
}

_HIGH = 360


def search(report: Report, table: Table) -> str:
    """How much of the true front searchers find, and what they return for three budgets."""
    marks = ("20", "50", "100", "200", "500")

    def row(name: str, found: Report) -> list[str]:
        shares = [_share(found["hypervolume"].get(mark)) for mark in marks]
        last = list(found["distinct"])[-1]
        close = found["close_within_budgets"].values()
        return [
            TITLES[name],
            *shares,
            f"{found['distinct'][last]:.0f} of {last}",
            " / ".join(str(one) for one in close),
            f"{found['seconds']:.1f}",
        ]

    seeds = max(one["seeds"] for one in report["results"].values())
    head = ("", *(f"after {mark}" for mark in marks), "distinct", "close, 0.7T / T / 1.4T", "s a run")
    return f"""## Searchers

NAS-Bench-Macro: {report["networks"]:,} different networks for CIFAR-10, all of them trained three times. Searchers see
the first accuracy, and are scored by the mean of the other two; multiply-adds stand for latency, with T =
{report["target"]:.0f} M and w = -0.07. The share of the true front's hypervolume after so many evaluations: the mean of
{seeds} seeds, in brackets their standard deviation. Then the different networks among the evaluations, and in how many
of the {seeds} searches what is returned for 0.7 T, T and 1.4 T, after at most {report["budgets_after"]} evaluations,
is within {100 * report["close"]:.1f} points of the best that there is. The whole took {report["seconds"] / 60:.0f}
minutes.

{table(head, [row(name, found) for name, found in report["results"].items()])}

![Hypervolume over evaluations](search.svg)
"""


def _share(found: Report | None) -> str:
    return "–" if found is None else f"{100 * found['mean']:.1f}% ({100 * found['deviation']:.1f})"


def figure(report: Report) -> str:
    """The share of the true front's hypervolume over evaluations, a line a searcher."""
    curves = {
        name: [(float(mark), 100 * one["mean"]) for mark, one in found["hypervolume"].items()]
        for name, found in report["results"].items()
    }
    points = [point for curve in curves.values() for point in curve]
    panel = Panel(
        width=WIDE - MARGIN,
        height=_HIGH,
        x_axis=fit_axis([x for x, _ in points], logarithmic=True),
        y_axis=fit_axis([y for _, y in points], logarithmic=False, ceiling=100.0),
        x_label="networks evaluated",
        y_label="hypervolume, % of the true front's",
        right=190,
    )

    def line(number: int, name: str, curve: Sequence[tuple[float, float]]) -> Markup:
        marked = [(x, y, 4.0, f"{TITLES[name]}: {y:.1f}% after {x:.0f}") for x, y in curve]
        return series(panel, number, "", [list(curve)], marked)

    drawn = [line(number, name, curve) for number, (name, curve) in enumerate(curves.items())]
    names = [(number, TITLES[name]) for number, name in enumerate(curves)]
    return stacked([panel], [panel.drawn("Hypervolume over evaluations, by searcher", *drawn, key(panel, names))])


def workers(report: Report) -> str:
    """What a second process on the same search gives."""
    ratios = sorted(report["ratios"])
    one, two = (median(report["seconds"][name]) for name in ("one", "two"))
    same = "the same archive every time" if report["same_archive"] else "**archives that differ**"
    return f"""## Two processes on one search

`{report["command"]}`, by one process with one worker, and by two processes with one worker each on the same folder:
{one:.0f} s against {two:.0f} s, {median(ratios):.2f} times as many trials an hour ({ratios[0]:.2f} to
{ratios[-1]:.2f} in {len(ratios)} rounds), and {same}.
"""


def zero_cost(report: Report, table: Table) -> str:
    """Which scores of untrained networks rank them better than plain counts, and what a search gains by the best."""
    found = report["results"]
    plain = found["multiply_adds"]["all"]
    better = [_plainly(name) for name, one in found.items() if one["all"] > plain]
    rows = [
        [_plainly(name), f"{one['all']:.2f}", f"{one['at_equal_cost']:.2f}", f"{one['seconds']:.2f}"]
        for name, one in found.items()
    ]
    said = f"Better than multiply-adds: {', '.join(better)}." if better else "None does better than multiply-adds."
    return f"""## Scores of untrained networks

{report["networks"]} random networks of NAS-Bench-Macro with fresh weights, scored by {report["images"]} images of
CIFAR-10: Spearman's rank correlation with the accuracy after training, and the partial one at equal multiply-adds.
Activations are a plain count: the bytes that a network writes. {said}

{table(("score", "all", "at equal cost", "s a network"), rows)}

The same of the networks that searches of CIFAR-10 tried, in spaces around MobileNetV3. Their cost is latency, and their
accuracy that by shared weights.

{table(("space", "width", "networks", "score", "all", "at equal latency"), _archive_rows(report["archives"]))}

NAS-Bench-Macro searched without and with `--prefilter`, which takes of 6 random networks of about the same cost the one
that naswot ranks first: the share of the true front's hypervolume, as above, the mean of {report["seeds"]} seeds, in
brackets their standard deviation, and in how many of the {report["seeds"]} the prefilter has the more.

{table(("", "after", "without", "with", "seeds better with"), _gain_rows(report["searches"]))}
"""


def _plainly(name: str) -> str:
    return name.replace("_", " ").replace("multiply adds", "multiply-adds")


def _archive_rows(archives: Report) -> list[list[str]]:
    return [
        [
            *((one["space"], f"{one['width']:g}", str(one["networks"])) if not place else ("", "", "")),
            _plainly(name),
            f"{score['all']:.2f}",
            f"{score['at_equal_cost']:.2f}",
        ]
        for one in archives.values()
        for place, (name, score) in enumerate(one["results"].items())
    ]


def _gain_rows(searches: Report) -> list[list[str]]:
    return [
        [
            "" if place else TITLES[name],
            mark,
            *(f"{100 * one[key]:.1f}% ({100 * one[f'{key}_deviation']:.1f})" for key in ("plain", "prefilter")),
            str(one["better"]),
        ]
        for name, marks in searches.items()
        for place, (mark, one) in enumerate(marks.items())
    ]
