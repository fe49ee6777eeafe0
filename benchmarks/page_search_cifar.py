"""The section of docs/benchmarks.md on a search with shared weights, and its figure; `page.py` uses both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from edgewise.explain.panels import stacked
from page_points import Seeds, cells, line, mean_point, panel

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

SEARCHED = "searched"


def families(report: Report) -> dict[str, Mapping[str, Seeds]]:
    """By family, and of the searched network alone, the networks and their seeds."""
    found: dict[str, dict[str, dict[int, tuple[float, float]]]] = {}
    for key, latency in report["latencies"]["networks"].items():
        _, seed, name = key.split("/")
        point = (latency["median_ms"], 100 * report["networks"][key]["accuracy"])
        found.setdefault(name.partition(" ")[0], {}).setdefault(name, {})[int(seed)] = point
    return dict(found)


def search_cifar(report: Report, table: Table) -> str:
    """What a search with shared weights gives for its cost, beside width multipliers."""
    if not report["latencies"]:
        return _unfinished(report)
    made = families(report)
    networks = {name: seeds for one in made.values() for name, seeds in one.items()}
    ms, accuracy = mean_point(networks[SEARCHED])
    faster = {
        name: point for name, seeds in networks.items() if name != SEARCHED and (point := mean_point(seeds))[0] <= ms
    }
    said = ""
    if faster:
        best = max(faster, key=lambda name: faster[name][1])
        said = (
            f"\nAgainst the best of those that are no slower, {best}, the searched network has "
            f"{accuracy - faster[best][1]:+.1f} points at {ms / faster[best][0]:.2f} times its latency.\n"
        )
    head = ("network", "seeds", "median ms", "test accuracy")
    ordered = sorted(networks.items(), key=lambda one: mean_point(one[1]))
    return f"""{_search(report)} The most accurate network within the budget, and of every family the nearest width
multipliers around its latency, were trained from scratch for {report["epochs"]} epochs with the same recipe and seeds,
and timed side by side (onnxruntime fp32, one thread).

{table(head, [[name, *cells(seeds)] for name, seeds in ordered])}
{said}
![Accuracy over measured latency](search_cifar.svg)

{_choices(report)}
"""


def _search(report: Report) -> str:
    """The heading, and what the search was and took."""
    search = report["networks"]["search"]
    return f"""## A searched network against width multipliers

CIFAR-10 at 32 pixels. Shared weights of the space {report["space"]} at width {report["width"]:g} were trained for
{report["supernet_epochs"]} epochs, and {len(search["trials"])} networks judged with them, for a budget of
{search["budget_ms"]:.3f} ms ({report["budget"]}): {search["seconds"] / 60:.0f} minutes in all."""


def _choices(report: Report) -> str:
    choices = report["networks"]["search"]["choices"]
    return f"What was chosen: {', '.join(f'{name} {option}' for name, option in choices.items())}."


def _unfinished(report: Report) -> str:
    """While the networks beside it are not all trained."""
    search = report["networks"]["search"]
    found = next(one["ms"] for one in search["front"] if one["trial"] == search["chosen"])
    reached = [100 * one["accuracy"] for key, one in report["networks"].items() if key.endswith(f"/{SEARCHED}")]
    seeds = " and ".join(f"{one:.1f}%" for one in reached)
    return f"""{_search(report)} The most accurate network within the budget took {found:.3f} ms, and after
{report["epochs"]} epochs of training from scratch it has {seeds} of the test images right ({len(reached)} seeds).

**The width multipliers beside it are not trained yet: this is no comparison.**

{_choices(report)}
"""


def figure(report: Report) -> str:
    """Accuracy over latency: the width multipliers of every family joined by a line, and the searched network."""
    made = families(report)
    drawn_in = panel((seeds for networks in made.values() for seeds in networks.values()), "test accuracy, %")
    # There is not much room beside the lines.
    short = {name: name.removeprefix("mobilenet_") for name in made}
    lines = [line(drawn_in, number, short[name], networks) for number, (name, networks) in enumerate(made.items())]
    return stacked([drawn_in], [drawn_in.drawn("Test accuracy over latency of networks for CIFAR-10", *lines)])
