"""The section of docs/benchmarks.md on searches on CIFAR-10, and its figure; `page.py` uses both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from edgewise.explaining import panels
from page_points import Seeds, cells, line, mean_point, panel

Report = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


ALIKE = 0.02
"""Latencies that differ by less are the same: two measurements of one network do."""


def families(report: Report) -> dict[str, Mapping[str, Seeds]]:
    """By family, and of every searched network alone, the networks and their seeds."""
    found: dict[str, dict[str, dict[int, tuple[float, float]]]] = {}
    for key, latency in report["latencies"]["networks"].items():
        _, seed, name = key.split("/")
        point = (latency["median_ms"], 100 * report["networks"][key]["accuracy"])
        found.setdefault(name.partition(" ")[0], {}).setdefault(name, {})[int(seed)] = point
    return dict(found)


def search_cifar(report: Report, table: Table) -> str:
    """What searches give for their cost, beside width multipliers."""
    # What chose among a search's finalists is a record of its own: its choice counts, and its time too. Finalists were
    # trained one on each core.
    cores = report["machine"]["usable_cores"] or 1
    searches = [
        {
            **one,
            **(last := report["networks"].get(f"{key} finalists", {})),
            "seconds": one["seconds"] + last.get("trained_seconds", 0.0) / cores,
        }
        for key, one in report["networks"].items()
        if "finds" in one
    ]
    made = families(report)
    networks = {name: seeds for one in made.values() for name, seeds in one.items()}
    head = ("network", "seeds", "median ms", "test accuracy")
    ordered = sorted(networks.items(), key=lambda one: mean_point(one[1]))
    cost_head = (
        "finds",
        "space",
        "choices",
        "width",
        "budget",
        "ms",
        "judged by",
        "trials",
        "finalists",
        "minutes in all",
        "on",
    )
    found = [one["finds"] for one in searches]
    return f"""## Searched networks against width multipliers

CIFAR-10 at 32 pixels. Every search judged networks of a space, by weights that all share, and chose the most
accurate within its budget; where there were finalists, these were trained whole first, and validation images chose:

{table(cost_head, [_cost(one) for one in searches])}

What they found, and of every family width multipliers around its latency, were trained from scratch for
{report["epochs"]} epochs with the same recipe and seeds, some in fp32 and some in bf16, as `train` found to be faster,
and timed side by side (onnxruntime fp32, one thread).

{table(head, [[name, *cells(seeds)] for name, seeds in ordered])}

{chr(10).join(_against(name, networks, found) for name in found if name in networks)}

![Accuracy over measured latency](search_cifar.svg)

{chr(10).join(_choices(one) for one in searches)}
"""


def _cost(search: Report) -> list[str]:
    return [
        search["finds"],
        search["space"],
        str(len(search["choices"])),
        f"{search['width']:g}",
        search["budget"],
        f"{search['budget_ms']:.3f}",
        f"shared weights of {search['judged_epochs']} epochs",
        str(len(search["trials"])),
        str(len(search["finalists"]) if "finalists" in search else 1),
        f"{search['seconds'] / 60:.0f}",
        search["cpu"],
    ]


def _against(name: str, networks: Mapping[str, Seeds], searched: Sequence[str]) -> str:
    """The best width multiplier that is no slower than the network `name` that was found, beside it."""
    ms, accuracy = mean_point(networks[name])
    points = {other: mean_point(seeds) for other, seeds in networks.items() if other not in searched}
    faster = {other: point for other, point in points.items() if point[0] <= ms * (1 + ALIKE)}
    if faster:
        best = max(faster, key=lambda other: faster[other][1])
        more, times = accuracy - faster[best][1], ms / faster[best][0]
        return (
            f"- Against the best of those that are no slower (to {100 * ALIKE:.0f}%), {best}, {name} has {more:+.1f} "
            f"points at {times:.2f} times its latency."
        )
    best = min(points, key=lambda other: points[other][0])
    return (
        f"- No width multiplier here is as fast as {name}; against the fastest, {best}, it has "
        f"{accuracy - points[best][1]:+.1f} points at {ms / points[best][0]:.2f} times its latency."
    )


def _choices(search: Report) -> str:
    chosen = ", ".join(f"{name} {option}" for name, option in search["choices"].items())
    return f"- What was chosen for {search['finds']}: {chosen}."


def figure(report: Report) -> str:
    """Accuracy over latency: the width multipliers of every family joined by a line, and the searched networks."""
    made = families(report)
    drawn_in = panel((seeds for networks in made.values() for seeds in networks.values()), "test accuracy, %")
    lines = [line(drawn_in, number, "", networks) for number, networks in enumerate(made.values())]
    # There is not much room beside the plot, and lines end close to each other.
    short = [name.removeprefix("mobilenet_").replace("_", " ") for name in made]
    names = panels.key(drawn_in, list(enumerate(short)))
    return panels.stacked(
        [drawn_in], [drawn_in.drawn("Test accuracy over latency of networks for CIFAR-10", *lines, names)]
    )
