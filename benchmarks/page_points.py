"""Networks as points of accuracy over latency, one a seed: what sections of docs/benchmarks.md draw and tabulate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from edgewise.explaining.axis import fit_axis
from edgewise.explaining.chart import WIDE
from edgewise.explaining.html import Markup
from edgewise.explaining.panels import MARGIN, Panel, series

Point = tuple[float, float]
"""Latency in ms and test accuracy in per cent."""

Seeds = Mapping[int, Point]
"""Of one network, by seed."""

_HIGH = 320


def mean_point(seeds: Seeds) -> Point:
    return mean(ms for ms, _ in seeds.values()), mean(accuracy for _, accuracy in seeds.values())


def cells(seeds: Seeds) -> list[str]:
    """For a table: how many seeds, the latency, the accuracy with its range."""
    ms, accuracy = mean_point(seeds)
    reached = [one for _, one in seeds.values()]
    spread = f" ({min(reached):.1f} to {max(reached):.1f})" if len(reached) > 1 else ""
    return [str(len(seeds)), f"{ms:.3f}", f"{accuracy:.1f}%{spread}"]


def panel(networks: Iterable[Seeds], y_label: str) -> Panel:
    """A panel that has room for all of them."""
    points = [point for seeds in networks for point in seeds.values()]
    return Panel(
        width=WIDE - MARGIN,
        height=_HIGH,
        x_axis=fit_axis([x for x, _ in points], logarithmic=False),
        y_axis=fit_axis([y for _, y in points], logarithmic=False, ceiling=100.0),
        x_label="median latency, ms",
        y_label=y_label,
        right=128,
    )


def line(drawn_in: Panel, number: int, title: str, networks: Mapping[str, Seeds], more: Sequence[Point] = ()) -> Markup:
    """The means of networks, and `more` points, joined by latency; every seed a small mark."""
    means = {name: mean_point(seeds) for name, seeds in networks.items()}
    marked = [
        (x, y, 2.0, f"{name}, seed {seed}: {y:.2f}%, {x:.3f} ms")
        for name, seeds in networks.items()
        for seed, (x, y) in seeds.items()
    ]
    marked += [(x, y, 5.0, f"{name}: {y:.2f}%, {x:.3f} ms") for name, (x, y) in means.items()]
    return series(drawn_in, number, title, [sorted([*means.values(), *more])], marked)
