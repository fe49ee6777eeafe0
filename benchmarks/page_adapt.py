"""The section of docs/benchmarks.md on NetAdapt, and its figure; `page.py` puts them on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import mean, median
from typing import Any

from edgewise.explain.axis import fit_axis
from edgewise.explain.chart import WIDE
from edgewise.explain.html import Markup
from edgewise.explain.panels import MARGIN, Panel, aligned, series, stacked

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
Point = tuple[float, float]
"""Latency in ms and test accuracy in per cent."""

MULTIPLIERS = "width multipliers"
SEEDS = 3
_HIGH = 320


def ways(report: Report, model: str) -> dict[str, dict[str, dict[int, Point]]]:
    """By way (width multipliers, each form of NetAdapt), network and seed."""
    found: dict[str, dict[str, dict[int, Point]]] = {MULTIPLIERS: {}}
    for key, latency in report["latencies"].get(model, {}).items():
        _, seed, name = key.split("/")
        if "accuracy" not in report["networks"].get(key, {}):
            continue
        way = MULTIPLIERS if name == "whole" or name.startswith("width ") else name.rpartition(" ")[0]
        point = (latency["median_ms"], 100 * report["networks"][key]["accuracy"])
        found.setdefault(way, {}).setdefault(name, {})[int(seed)] = point
    return {way: networks for way, networks in found.items() if networks}


def mean_point(points: Iterable[Point]) -> Point:
    kept = list(points)
    return mean(x for x, _ in kept), mean(y for _, y in kept)


def needed(curve: Iterable[Point], accuracy: float) -> float | None:
    """The latency in ms at which a curve reaches an accuracy, between the points that enclose it; None where it does
    not."""
    points = sorted(curve)
    for (x0, y0), (x1, y1) in pairwise(points):
        if min(y0, y1) <= accuracy <= max(y0, y1) and y0 != y1:
            return x0 + (x1 - x0) * (accuracy - y0) / (y1 - y0)
    return None


def savings(report: Report, model: str, way: str) -> dict[str, dict[int, float | None]]:
    """By network and seed: the share of latency that it saves against the width multiplier of equal accuracy."""
    made = ways(report, model)
    found: dict[str, dict[int, float | None]] = {}
    for name, by_seed in made[way].items():
        for seed, (ms, accuracy) in by_seed.items():
            curve = [one[seed] for one in made[MULTIPLIERS].values() if seed in one]
            at = needed(curve, accuracy)
            found.setdefault(name, {})[seed] = None if at is None else 1 - ms / at
    return found


def adapt(report: Report, table: Table) -> str:
    """What NetAdapt gives for its cost, beside width multipliers."""
    models = [name for name in report["latencies"] if ways(report, name)]
    rows = [[model if first else "", *row] for model in models for first, row in _rows(report, model)]
    head = ("", "network", "seeds", "median ms", "test accuracy", "latency saved at equal accuracy")
    searches = {key: one for key, one in report["networks"].items() if key.endswith(" search")}
    cost_head = ("search", "steps", "proposals", "minutes", "reached, of the target", "steps that cut enough")
    return f"""## NetAdapt against width multipliers

CIFAR-10 at 32 pixels. Each network was trained from scratch for {report["epochs"]} epochs with the same recipe and
seed: the network itself, the network at width multipliers, and what NetAdapt made of it. All of one model were timed
side by side (onnxruntime fp32, one thread). The last column compares with the width multipliers of the same seed: the
latency at which the line through them has that accuracy. "-" stands where they do not reach it.{_warning(report)}

{table(head, rows)}

![Accuracy over measured latency](adapt.svg)

What the searches cost (every proposal tuned for up to {report["short"]} steps), how far from the target the last step
ended, and in how many steps a measurement of all steps side by side, made afterwards, shows at least the cut that the
step was to make:

{table(cost_head, [_cost(key, one) for key, one in searches.items()])}
"""


def _warning(report: Report) -> str:
    models = {key.split("/")[0] for key in report["networks"]}
    seeds = min(len({key.split("/")[1] for key in report["latencies"].get(model, ())}) for model in models)
    searched = {key.split("/")[1] for key in report["networks"] if key.endswith(" search")}
    said = ""
    if len(searched) < SEEDS:
        said = " The networks of NetAdapt are those that the search of seed 0 found; other seeds trained the same ones."
    if seeds < SEEDS:
        is_done = "is" if seeds == 1 else "are"
        said += (
            f" **Of {SEEDS} seeds {seeds} {is_done} done for both models: differences of a point are within what seeds "
            "differ by.**"
        )
    return said


def _rows(report: Report, model: str) -> list[tuple[bool, list[str]]]:
    made = ways(report, model)
    rows: list[tuple[bool, list[str]]] = []
    for way, networks in made.items():
        saved = savings(report, model, way) if way != MULTIPLIERS else {}
        for name, by_seed in networks.items():
            ms, _ = mean_point(by_seed.values())
            accuracies = [accuracy for _, accuracy in by_seed.values()]
            spread = f" ({min(accuracies):.1f} to {max(accuracies):.1f})" if len(accuracies) > 1 else ""
            rows.append(
                (
                    not rows,
                    [
                        name,
                        str(len(by_seed)),
                        f"{ms:.3f}",
                        f"{mean(accuracies):.1f}%{spread}",
                        _saved(list(saved.get(name, {}).values())),
                    ],
                )
            )
    return rows


def _saved(shares: Sequence[float | None]) -> str:
    known = [100 * share for share in shares if share is not None]
    if not known:
        return "-" if shares else ""
    each = f" ({min(known):.0f} to {max(known):.0f})" if len(known) > 1 else ""
    missing = f", {len(shares) - len(known)} beyond" if len(known) < len(shares) else ""
    return f"{median(known):.0f}%{each}{missing}"


def _cost(key: str, search: Report) -> list[str]:
    steps = search["steps"][1:]
    proposals = [len(step["proposals"]) for step in steps]
    enough = "-"
    if "step_latencies" in search:
        medians = [one["median_ms"] for one in search["step_latencies"]]
        # The shares of the first latency: the two measurements have scales of their own.
        first, seed_ms = medians[0], search["steps"][0]["ms"]
        cuts = [(before - after) / first for before, after in pairwise(medians)]
        kept = sum(cut >= step["least_ms"] / seed_ms for cut, step in zip(cuts, steps, strict=True))
        enough = f"{kept} of {len(steps)}"
    return [
        key.removesuffix(" search").replace("/", ", "),
        str(len(steps)),
        f"{sum(proposals)}",
        f"{search['seconds'] / 60:.0f}",
        f"{100 * search['ms'] / search['target_ms']:.1f}%",
        enough,
    ]


def figure(report: Report) -> str:
    """Accuracy over latency, a panel a model: the mean of the seeds joined by lines, every seed a small mark."""
    models = [name for name in report["latencies"] if ways(report, name)]
    panels = aligned([_panel(report, model) for model in models])
    return stacked(
        panels, [_drawn(panel, model, ways(report, model)) for model, panel in zip(models, panels, strict=True)]
    )


def _drawn(panel: Panel, model: str, made: dict[str, dict[str, dict[int, Point]]]) -> Markup:
    summary = f"Test accuracy over latency of {model}: NetAdapt and width multipliers"
    return panel.drawn(summary, *(_series(panel, number, way, made) for number, way in enumerate(made)))


def _panel(report: Report, model: str) -> Panel:
    points = [
        point
        for networks in ways(report, model).values()
        for by_seed in networks.values()
        for point in by_seed.values()
    ]
    return Panel(
        width=WIDE - MARGIN,
        height=_HIGH,
        x_axis=fit_axis([x for x, _ in points], logarithmic=False),
        y_axis=fit_axis([y for _, y in points], logarithmic=False, ceiling=100.0),
        x_label="median latency, ms",
        y_label=f"{model}: test accuracy, %",
        right=128,
    )


def _series(panel: Panel, number: int, way: str, made: dict[str, dict[str, dict[int, Point]]]) -> Markup:
    networks, multipliers = made[way], made[MULTIPLIERS]
    means = sorted((mean_point(by_seed.values()), name) for name, by_seed in networks.items())
    joined = [point for point, _ in means]
    if way != MULTIPLIERS and "whole" in multipliers:
        joined.append(mean_point(multipliers["whole"].values()))  # what it began with
    marked = [
        (x, y, 2.0, f"{name}, seed {seed}: {y:.2f}%, {x:.3f} ms")
        for name, by_seed in networks.items()
        for seed, (x, y) in by_seed.items()
    ]
    marked += [(x, y, 5.0, f"{name}: {y:.2f}%, {x:.3f} ms") for (x, y), name in means]
    return series(panel, number, way, [joined], marked)
