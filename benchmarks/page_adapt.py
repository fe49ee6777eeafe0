"""The section of docs/benchmarks.md on NetAdapt, and its figure; `page.py` puts them on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from edgewise.explaining.html import Markup
from edgewise.explaining.panels import Panel, aligned, stacked
from page_points import Point, Seeds, cells, line, mean_point, panel

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
Networks = Mapping[str, Seeds]

MULTIPLIERS = "width multipliers"
SEEDS = 3


def ways(report: Report, model: str) -> dict[str, Networks]:
    """By way (width multipliers, each form of NetAdapt), network and seed; seeds of which all is done."""
    found: dict[str, dict[str, dict[int, Point]]] = {MULTIPLIERS: {}}
    for key, latency in report["latencies"].get(model, {}).items():
        _, seed, name = key.split("/")
        if "accuracy" not in report["networks"].get(key, {}):
            continue
        way = MULTIPLIERS if name == "whole" or name.startswith("width ") else name.rpartition(" ")[0]
        point = (latency["median_ms"], 100 * report["networks"][key]["accuracy"])
        found.setdefault(way, {}).setdefault(name, {})[int(seed)] = point
    done = set.intersection(*({*seeds} for networks in found.values() for seeds in networks.values()), {*range(SEEDS)})
    return {
        way: {name: {seed: seeds[seed] for seed in sorted(done)} for name, seeds in networks.items() if done}
        for way, networks in found.items()
    }


def needed(curve: Iterable[Point], accuracy: float) -> float | None:
    """The latency in ms at which a curve reaches an accuracy: between the points that enclose it, or that of the
    slowest where none reaches it; None where all do."""
    points = sorted(curve)
    for (x0, y0), (x1, y1) in pairwise(points):
        if min(y0, y1) <= accuracy <= max(y0, y1) and y0 != y1:
            return x0 + (x1 - x0) * (accuracy - y0) / (y1 - y0)
    return points[-1][0] if accuracy > points[-1][1] else None


def saved(networks: Networks, multipliers: Networks) -> dict[str, float | None]:
    """By network the share of latency that it saves against the width multiplier of equal accuracy, both as means of
    the seeds."""
    curve = [mean_point(seeds) for seeds in multipliers.values()]
    found: dict[str, float | None] = {}
    for name, seeds in networks.items():
        ms, accuracy = mean_point(seeds)
        at = needed(curve, accuracy)
        found[name] = None if at is None else 1 - ms / at
    return found


def of_seed(networks: Networks, seed: int) -> Networks:
    """Those that were trained from a seed, with that seed alone."""
    return {name: {seed: seeds[seed]} for name, seeds in networks.items() if seed in seeds}


def adapt(report: Report, table: Table) -> str:
    """What NetAdapt gives for its cost, beside width multipliers."""
    rows = [row for model in report["latencies"] for row in _rows(report, model)]
    head = ("", "network", "seeds", "median ms", "test accuracy", "latency saved at equal accuracy")
    searches = {key: one for key, one in report["networks"].items() if key.endswith(" search")}
    cost_head = ("search", "steps", "proposals", "minutes", "reached, of the target", "steps that cut enough")
    return f"""## NetAdapt against width multipliers

CIFAR-10 at 32 pixels. Each network was trained from scratch for {report["epochs"]} epochs with the same recipe and
seed: the network itself, the network at width multipliers, and what NetAdapt made of it; some in fp32 and some in bf16,
as `train` found to be faster. All of one model were timed side by side (onnxruntime fp32, one thread). The last column
compares with the latency at which the line through the width multipliers has that accuracy, or with the slowest of them
where none has it ("-" where all have more): by the means of the seeds, and in brackets seed by seed.{_warning(report)}

{table(head, rows)}

![Accuracy over measured latency](adapt.svg)

What the searches cost (every proposal tuned for up to {report["short"]} steps), how far from the target the last step
ended, and in how many steps a measurement of all steps side by side, made afterwards, shows at least the cut that the
step was to make:

{table(cost_head, [_cost(key, one) for key, one in searches.items()])}
"""


def _warning(report: Report) -> str:
    models = {key.split("/")[0] for key in report["networks"]}
    seeds = min(len(next(iter(ways(report, model)[MULTIPLIERS].values()), ())) for model in models)
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


def _rows(report: Report, model: str) -> list[list[str]]:
    made = ways(report, model)
    multipliers = made[MULTIPLIERS]
    rows = [[name, *cells(seeds), ""] for name, seeds in multipliers.items()]
    for way in [one for one in made if one != MULTIPLIERS]:
        shares = saved(made[way], multipliers)
        each = [
            saved(of_seed(made[way], seed), of_seed(multipliers, seed))
            for seed in sorted({seed for seeds in multipliers.values() for seed in seeds})
        ]
        rows += [
            [name, *cells(seeds), _saved(shares[name], [one[name] for one in each if name in one])]
            for name, seeds in made[way].items()
        ]
    return [[model if number == 0 else "", *row] for number, row in enumerate(rows)]


def _saved(share: float | None, each: Sequence[float | None]) -> str:
    known = [one for one in each if one is not None]
    spread = f" ({100 * min(known):.0f} to {100 * max(known):.0f})" if len(known) > 1 else ""
    return "-" if share is None else f"{100 * share:.0f}%{spread}"


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


def adapt_time(report: Report, table: Table) -> str:
    """How long one adaptation takes, and how far its steps and its end are from what they were to be."""
    steps = report["steps"][1:]
    cut = [before["ms"] - after["ms"] for before, after in pairwise(report["steps"])]
    enough = sum(one >= step["least_ms"] for one, step in zip(cut, steps, strict=True))
    proposals = [len(step["proposals"]) for step in steps]
    accuracy = report["accuracy"]
    rows = [
        ["time, with the latency table and the last training", f"{report['seconds'] / 60:.1f} minutes"],
        ["steps", str(len(steps))],
        ["proposals of a step", f"{min(proposals)} to {max(proposals)}, {sum(proposals)} in all"],
        ["steps whose measured cut is at least what it was to be", f"{enough} of {len(steps)}"],
        ["latency", f"{report['seed_ms']:.3f} ms before, {report['ms']:.3f} after"],
        ["latency, of the target", f"{100 * report['ms'] / report['target_ms']:.1f}%"],
        [
            "accuracy on the test images",
            f"{100 * accuracy['before']:.1f}% before, {100 * accuracy['after']:.1f}% after",
        ],
    ]
    return f"""## The time that NetAdapt takes

`edgewise adapt` of {report["model"]}, trained on the built-in {report["data"]}, with `--budget {report["budget"]}`,
`--form {report["form"]}` and up to {report["short"]} steps of tuning for a proposal:

{table(("", ""), rows)}
"""


def figure(report: Report) -> str:
    """Accuracy over latency, a panel a model: the mean of the seeds joined by lines, every seed a small mark."""
    models = {name: made for name in report["latencies"] if (made := ways(report, name))[MULTIPLIERS]}
    panels = aligned(
        [
            panel((seeds for networks in made.values() for seeds in networks.values()), f"{model}: test accuracy, %")
            for model, made in models.items()
        ]
    )
    return stacked(panels, [_drawn(panels[place], model, made) for place, (model, made) in enumerate(models.items())])


def _drawn(panel: Panel, model: str, made: dict[str, Networks]) -> Markup:
    whole = made[MULTIPLIERS].get("whole")
    lines = [
        # NetAdapt's line begins with what it began with.
        line(panel, number, way, networks, [] if way == MULTIPLIERS or whole is None else [mean_point(whole)])
        for number, (way, networks) in enumerate(made.items())
    ]
    return panel.drawn(f"Test accuracy over latency of {model}: NetAdapt and width multipliers", *lines)
