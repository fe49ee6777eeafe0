"""The channel quantum: what a sweep of single convolutions finds, and whether whole networks confirm it.

For each runtime and precision 1×1 and depthwise convolutions of every width from 32 to 128 channels are timed side by
side on one thread, and the step of the staircase is found (edgewise.profiling.staircase). Then MobileNetV2 is timed at
several widths in threes: all channels multiples of a step, the same with half a step added to each, the same with a
whole step; for the quantum found, its half and its double. The quantum is confirmed where the networks between are
slower than the line through their neighbours, and those between multiples of its double are not.

    python benchmarks/quantum.py                          about 20 minutes
    python benchmarks/quantum.py --quick --runtime onnxruntime    about 3 minutes, too few rounds to conclude anything

Expect a quantum of 16 on CPUs with AVX-512, confirmed by the networks. Writes benchmarks/results/quantum.json and
docs/quantum.svg, or what --out and --figure name.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter

from edgewise.devices import FLOAT_PRECISIONS, describe_machine, find_runtime, runtime_names
from edgewise.devices.profile import Quantum
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.profiling import KINDS, Confirmation, Setting, confirm, measure_quantum, sweeps, write_staircases
from edgewise.profiling.confirm import MULTIPLIERS
from edgewise.version import VERSION

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "quantum.json"
FIGURE = ROOT / "docs" / "quantum.svg"

PRECISIONS = (*FLOAT_PRECISIONS, "int8")
FULL_SECONDS, QUICK_SECONDS = 600.0, 30.0
"""How long the whole profile would take whose sweeps these are."""


def swept(setting: Setting, quick: bool) -> list[Quantum]:
    """The quantum of each kind of convolution, printed."""
    found = []
    for kind in KINDS:
        maps = sweeps(kind, QUICK_SECONDS if quick else FULL_SECONDS)
        # Twelve rounds of ordinary blocks for every width, or six of short ones.
        seconds = 0.1 if quick else 0.3 * sum(map(len, maps.values()))
        one = measure_quantum(kind, maps, setting, seconds)
        off = "" if one.penalty is None else f", between multiples {one.penalty:.2f} times the next one's time"
        print(f"{setting.runtime} {setting.precision} {kind}: {one.channels} channels{off}", flush=True)
        found.append(one)
    return found


def confirmed(quantum: int, setting: Setting, quick: bool) -> dict[str, Any]:
    """What whole networks say, for JSON, printed."""
    multipliers = MULTIPLIERS[1:2] if quick else MULTIPLIERS
    found = confirm(quantum, setting, 0.1 if quick else 30.0, multipliers)
    shares = ", ".join(
        f"{step}: {median(one.share for one in found.of(step)):.2f}"
        for step in dict.fromkeys(one.step for one in found.networks)
    )
    print(f"    networks, share of a whole step at {shares}; confirmed: {found.confirmed}", flush=True)
    return {"confirmed": found.confirmed, "networks": networks(found)}


def networks(found: Confirmation) -> list[dict[str, Any]]:
    """The threes of networks: the lower, the one between, the upper."""
    return [
        {
            "multiplier": one.multiplier,
            "step": one.step,
            "multiply_adds": list(one.multiply_adds),
            "p10_ms": [round(latency.p10_ms, 4) for latency in one.latencies],
            "median_ms": [round(latency.median_ms, 4) for latency in one.latencies],
            "ps_per_multiply_add": [
                round(1e9 * latency.p10_ms / costs, 3)
                for latency, costs in zip(one.latencies, one.multiply_adds, strict=True)
            ],
            "slower": round(one.slower, 4),
            "share": round(one.share, 3),
        }
        for one in found.networks
    ]


def kept_in(report: dict[str, Any], machine: dict[str, Any], quick: bool) -> dict[tuple[str, str], dict[str, Any]]:
    """What an earlier call measured and this one does not; nothing where that was another machine, or other rounds."""
    same = report["quick"] == quick and all(report["machine"][key] == machine[key] for key in ("cpu", "cores"))
    return {(one["runtime"], one["precision"]): one for one in report["results"]} if same else {}


def measured(runtime: str, precision: str, quick: bool) -> dict[str, Any]:
    """One runtime and precision: the sweeps and, where they found a quantum, the networks."""
    with TemporaryDirectory() as folder:
        setting = Setting(runtime, precision, Path(folder))
        quanta = swept(setting, quick)
        result: dict[str, Any] = {one.kind: asdict(one) for one in quanta}
        if quanta[0].channels > 1:
            result["whole"] = confirmed(quanta[0].channels, setting, quick)
    return {"runtime": runtime, "precision": precision, **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few widths, few networks, few and short rounds")
    parser.add_argument("--runtime", action="append", help="by default all that are installed and take ONNX files")
    parser.add_argument("--precision", action="append", choices=PRECISIONS, help="by default all")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the staircases are drawn")
    arguments = parser.parse_args()
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    ready = [name for name in runtime_names() if find_runtime(name).version() and find_runtime(name).suffix == ".onnx"]
    kept = {}
    if (arguments.runtime or arguments.precision) and arguments.out.exists():
        kept = kept_in(json.loads(arguments.out.read_text(encoding="utf-8")), machine, arguments.quick)
    for name in arguments.runtime or ready:
        for precision in find_runtime(name).precisions:
            if precision not in (arguments.precision or PRECISIONS):
                continue
            try:
                kept[name, precision] = measured(name, precision, arguments.quick)
            except EdgewiseError as error:  # a CPU without bf16
                print(f"{name} {precision} left out: {error}", flush=True)
    results = list(kept.values())
    report = {
        "what": "time over the width of convolutions, and of MobileNetV2 on and off multiples of the quantum",
        "quick": arguments.quick,
        "edgewise": VERSION,
        "machine": machine,
        "results": results,
    }
    quanta = [TypeAdapter(Quantum).validate_python(one[kind]) for one in results for kind in KINDS]
    write_staircases(quanta, arguments.figure)
    write_text(arguments.out, json.dumps(report, indent=1) + "\n")
    print(f"written to {arguments.out} and {arguments.figure}")


if __name__ == "__main__":
    main()
