"""Writes a page for every family of networks before the documentation is built: its variants and what they cost and
take, the table of its paper, and its wiring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.costs import cost_table, count
from edgewise.explaining.parts import stretches_of
from edgewise.explaining.stretches import STRETCHES
from edgewise.papers import Architecture, find
from edgewise.papers.family import Family
from edgewise.papers.zoo import families
from pages import table, write_if_new

HERE = Path(__file__).parent
LATENCIES = HERE.parent / "benchmarks" / "results" / "zoo.json"
TASKS = {"classify": "Classifiers", "detect": "Detectors", "segment": "Segmentation networks"}

BLOCKS = 4
"""Pictures on a page: the ops and blocks that the network is most of."""


def write_pages(folder: Path = HERE / "families") -> None:
    """Writes `folder`/index.md and a page for each family; pages that stay the same are not touched, so that a build
    only does what is new."""
    report: dict[str, Any] = json.loads(LATENCIES.read_text(encoding="utf-8")) if LATENCIES.exists() else {}
    latencies = {name: one["median_ms"] for name, one in report.get("results", {}).items()}
    machine = report.get("machine")
    index = ["# Families of networks", "", "What is in the zoo, a page for each paper; `edgewise models` lists it.", ""]
    for task, title in TASKS.items():
        found = families(task)  # type: ignore[arg-type]
        index += [f"## {title}", "", "```{toctree}", ":maxdepth: 1", "", *(one.name for one in found), "```", ""]
        for family in found:
            write_if_new(folder / f"{family.name}.md", _page(family, latencies, machine))
    write_if_new(folder / "index.md", "\n".join(index))


def _page(family: Family, latencies: Mapping[str, float], machine: Mapping[str, Any] | None) -> str:
    base = find(next(iter(family.scalable or family.variants)))
    parts = [
        f"# {family.name}",
        f"{family.paper}.",
        "## Variants",
        _variants(family, latencies),
        _timed(machine) if any(name in latencies for name in family.variants) else "",
        f"## The table of {base.name}",
        f"For {' × '.join(map(str, base.input[1:]))} pixels; `edgewise show {base.name}` prints it with bytes.",
        _rows(base),
        "## What it is made of",
        _wiring(base),
        f"Where its time goes on your machine: `edgewise explain {base.name}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _variants(family: Family, latencies: Mapping[str, float]) -> str:
    rows: list[tuple[str, ...]] = []
    for name in family.variants:
        architecture = find(name)
        costs = count(architecture)
        took = latencies.get(name)
        rows.append(
            (
                f"`{name}`",
                "×".join(map(str, architecture.input[1:])),
                f"{costs.multiply_adds / 1e6:,.1f}",
                f"{costs.parameters / 1e6:,.2f}",
                f"{costs.peak_activation_bytes / 2**20:.1f}",
                "–" if took is None else f"{took:.3g}",
            )
        )
    return table(("variant", "input", "M multiply-adds", "M parameters", "MiB activations", "ms"), rows)


def _timed(machine: Mapping[str, Any] | None) -> str:
    assert machine is not None
    return (
        f"Latencies (ms) are medians on one thread of an {machine['cpu']} in {machine['runtime']} "
        f"{machine['runtime_version']}, fp32, one image at a time, all variants of the zoo in turns "
        "(`python benchmarks/zoo.py`). A virtual machine is not as fast every day: compare within this table, not with "
        "other pages, which were measured in other runs."
    )


def _rows(base: Architecture) -> str:
    costs = count(base)
    rows = [
        (
            line.row,
            f"`{line.description}`",
            "×".join(map(str, line.output)),
            f"{line.multiply_adds:,}",
            f"{100 * line.multiply_adds / costs.multiply_adds:.1f}%",
            f"{line.parameters:,}",
        )
        for line in cost_table(base, costs)
    ]
    head, *lines = table(("row", "what it is", "output", "multiply-adds", "share", "parameters"), rows).split("\n")
    # What a row is reads from the left.
    lines[0] = "| --: | :-- | --: | --: | --: | --: |"
    return "\n".join([head, *lines])


def _wiring(base: Architecture) -> str:
    shown = stretches_of(base)[-BLOCKS:]
    return "\n\n".join(
        f"```{{figure}} ../figures/{name}.svg\n:alt: {STRETCHES[name].title}\n\n{STRETCHES[name].title}\n```"
        for name in shown
    )
