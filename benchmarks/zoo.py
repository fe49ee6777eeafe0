"""The latency of every variant of the zoo at its paper's size, interleaved (onnxruntime fp32, one thread).

    python benchmarks/zoo.py            about 10 minutes
    python benchmarks/zoo.py --quick    a minute, too few rounds to rely on

The pages on the families of networks show them. Writes benchmarks/results/zoo.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.costs import count
from edgewise.deploy import build, random_tensors
from edgewise.devices import Latency, Variant, describe_machine, measure_variants
from edgewise.files import write_text
from edgewise.papers import find, names
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "zoo.json"

HEAVY = 100e6
"""Parameters from which on a network is timed alone: artifacts of all together would not fit into memory."""


def timed(group: Sequence[str], seconds: float) -> list[Latency]:
    """The latencies of some variants side by side."""
    with TemporaryDirectory() as folder:
        variants = [
            Variant(name, build(find(name), random_tensors(find(name)), Path(folder), name), "onnxruntime")
            for name in group
        ]
        return measure_variants(variants, max_seconds=seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    seconds = 1.0 if asked.quick else 300.0
    every = [name for task in ("classify", "detect", "segment") for name in names(task)]
    heavy = [name for name in every if count(find(name)).parameters > HEAVY]
    groups = [[name for name in every if name not in heavy], *([name] for name in heavy)]
    found = [
        one for number, group in enumerate(groups) for one in timed(group, seconds if number == 0 else seconds / 60)
    ]
    report = {
        "benchmark": "zoo",
        "edgewise": VERSION,
        "quick": asked.quick,
        "machine": describe_machine().to_json(),
        "results": {one.name: one.to_json() for one in found},
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"written to {asked.out}")


if __name__ == "__main__":
    main()
