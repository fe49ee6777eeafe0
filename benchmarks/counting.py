"""How many architectures a second are built and counted, on one core.

Every architecture is another one: all widths are drawn at random, so that nothing can be cached. Timed are making the
rows' graph and counting multiply-adds, parameters, bytes and peak activation memory; drawing the rows is not.

    python benchmarks/counting.py            about 20 seconds
    python benchmarks/counting.py --quick    about 2 seconds

Expect at least 1,000 a second for every family on a core of 2020 or later. Writes benchmarks/results/counting.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any, cast

from edgewise.blocks import Classifier, Row, ShuffleDownUnitV2, ShuffleUnitV2
from edgewise.costs import count
from edgewise.files import write_text
from edgewise.papers import Architecture, find
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "counting.json"
BASES = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2", "resnet50")
WIDTHS = ("inner", "expanded", "squeeze", "out_channels", "hidden")


def _drawn(row: Row, draw: random.Random, even: dict[int, int]) -> Row:
    """The row with random widths; equal widths stay equal within one network, so that shortcuts fit."""
    if isinstance(row, ShuffleUnitV2):
        out = even[row.out_channels]
        return replace(row, out_channels=out, passed=out // 2, inner=out // 2)
    if isinstance(row, ShuffleDownUnitV2):
        out = even[row.out_channels]
        return replace(row, out_channels=out, projected=out // 2, inner=out // 2)
    changes: dict[str, int] = {}
    for item in fields(cast("Any", row)):
        width = getattr(row, item.name)
        if item.name in WIDTHS and width:
            changes[item.name] = even[width] if item.name == "out_channels" else 2 * draw.randint(4, width)
    if isinstance(row, Classifier):
        changes["classes"] = draw.randint(2, 1000)
    return cast("Row", replace(cast("Any", row), **changes))


def draw_architecture(base: Architecture, draw: random.Random, number: int) -> Architecture:
    """`base` with every width drawn anew."""
    outs = {getattr(row, "out_channels", 0) for row in base.rows}
    even = {width: 2 * draw.randint(8, max(9, width)) for width in outs}
    rows = tuple(_drawn(row, draw, even) for row in base.rows)
    return replace(base, name=f"{base.name}-{number}", rows=rows)


def build_and_count(architecture: Architecture) -> int:
    """Everything `Costs` knows in total."""
    costs = count(architecture)
    return costs.multiply_adds + costs.parameters + costs.bytes_read + costs.bytes_written + costs.peak_activation_bytes


def totals_only(architecture: Architecture) -> int:
    """Multiply-adds and parameters: what a search asks for most."""
    total = count(architecture).total
    return total.multiply_adds + total.parameters


def rate(base: Architecture, job: Callable[[Architecture], int], *, batch: int, rounds: int) -> dict[str, float]:
    """Architectures a second: the median, the slowest and the fastest of `rounds` of `batch` new architectures."""
    draw = random.Random(0)
    rates: list[float] = []
    for round_number in range(rounds + 1):
        architectures = [draw_architecture(base, draw, number) for number in range(batch)]
        start = time.process_time()
        while architectures:
            job(architectures.pop())  # its graph goes with it, as in a search
        if round_number:  # the first round warms up
            rates.append(batch / (time.process_time() - start))
    return {"median": round(median(rates)), "slowest": round(min(rates)), "fastest": round(max(rates))}


def _machine() -> dict[str, Any]:
    from edgewise.devices import describe_machine

    return describe_machine().to_json()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds")
    arguments = parser.parse_args()
    batch, rounds = (100, 3) if arguments.quick else (500, 9)
    results: dict[str, Any] = {}
    for name in BASES:
        base = find(name)
        results[name] = {
            "nodes": len(base.graph.nodes),
            "everything": rate(base, build_and_count, batch=batch, rounds=rounds),
            "multiply_adds_and_parameters": rate(base, totals_only, batch=batch, rounds=rounds),
        }
        print(
            f"{name:20} {results[name]['nodes']:4} nodes  "
            f"{results[name]['everything']['median']:6.0f}/s everything  "
            f"{results[name]['multiply_adds_and_parameters']['median']:6.0f}/s multiply-adds and parameters"
        )
    report = {
        "what": "architectures built and counted per second of CPU time on one core",
        "quick": arguments.quick,
        "batch": batch,
        "rounds": rounds,
        "edgewise": VERSION,
        "machine": _machine(),
        "results": results,
    }
    write_text(RESULTS, json.dumps(report, indent=1) + "\n")
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
