"""How long NetAdapt takes: about ten steps of MobileNetV2 0.5 on the built-in digits, with some twenty proposals each.

The network is trained for two epochs first, which does not count. Then it is narrowed to 0.8 of its latency in
MobileNetV3's form, in steps of at least 1%, every proposal tuned for up to 40 steps, on all cores; and trained once
more.

    python benchmarks/adapt_time.py    about 20 minutes on two cores

Wants a quiet machine: latencies are measured all the time. Writes benchmarks/results/adapt_time.json, or what --out
names.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.devices import describe_machine
from edgewise.errors import BudgetError
from edgewise.files import write_text
from edgewise.verbs.adapt import Adapted
from edgewise.version import VERSION
from kept_runs import say

RESULTS = Path(__file__).parent / "results" / "adapt_time.json"

MODEL, WIDTH, BUDGET, FORM, SHORT = "mobilenet_v2", 0.5, "0.8x", "mobilenet_v3", 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    with TemporaryDirectory() as name:
        folder = Path(name)
        trained = edgewise.train("digits", MODEL, width=WIDTH, epochs=2, out=folder / "whole", progress=False)
        began = time.monotonic()
        try:
            made = edgewise.adapt(
                trained.model_file,
                "digits",
                BUDGET,
                form=FORM,
                short=SHORT,
                epochs=2,
                out=folder / "adapted",
                progress=False,
                tell=lambda text: say(f"  {text}"),
            )
        except BudgetError as error:
            say(f"  {error}")  # what it has reached is a result too
            made = Adapted.read(folder / "adapted")
        seconds = time.monotonic() - began
    assert isinstance(made, Adapted)
    report = {
        "benchmark": "adapt_time",
        "edgewise": VERSION,
        "quick": False,
        "machine": machine,
        "model": f"{MODEL}_{WIDTH:g}",
        "data": "digits",
        "budget": BUDGET,
        "form": FORM,
        "short": SHORT,
        "seconds": round(seconds, 1),
        "seed_ms": made.seed_ms,
        "target_ms": made.target_ms,
        "ms": made.ms,
        "accuracy": {"before": trained.test.accuracy, "after": made.metrics["test_accuracy"]},
        "steps": [step.to_json() for step in made.steps],
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
