"""The main job on real images: fit a folder to a budget, then measure the artifact afresh.

    python benchmarks/fit.py CIFAR10_FOLDER            about 14 minutes

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`. The run lives in --runs and goes
on where it was; the time is only written when it ran in one go. Expect about 77% of the test images within half of
MobileNetV2's latency at 32 pixels. Writes benchmarks/results/fit.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.files import write_text
from edgewise.training import Evaluation

RESULTS = Path(__file__).parent / "results" / "fit.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--budget", default="0.5x mobilenet_v2")
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-fit"))
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    arguments = parser.parse_args()
    whole = not arguments.runs.exists()
    command = f'edgewise fit {arguments.data.name} --budget "{arguments.budget}" --minutes {arguments.minutes:g}'
    began = time.monotonic()
    fitted = edgewise.fit(
        arguments.data,
        arguments.budget,
        out=arguments.runs,
        minutes=arguments.minutes,
        command=command,
        tell=lambda text: print(text, flush=True),
    )
    seconds = time.monotonic() - began
    delivery = fitted.delivery
    afresh = edgewise.bench([delivery.artifact], budget=arguments.budget)
    latencies = {latency.name: latency for group in afresh.groups for latency in group}
    artifact = latencies.pop(str(delivery.artifact))
    test, validation = delivery.test.metrics(), delivery.validation.metrics()
    confusion = delivery.test.confusion if isinstance(delivery.test, Evaluation) else None
    report = {
        "what": "the main job: images and a budget to a delivered artifact, and the artifact measured afresh",
        "quick": False,
        "command": command,
        "edgewise": edgewise.__version__,
        "machine": afresh.machine.to_json(),
        "results": {
            "seconds": round(seconds, 1) if whole else None,
            "winner": fitted.winner.name,
            "candidates": len(fitted.measured.candidates),
            "test_images": int(confusion.sum()) if confusion is not None else None,
            "test_accuracy": test["accuracy"],
            "validation_accuracy": validation["accuracy"],
            "training": {
                "epochs": fitted.trained.epochs,
                "images_per_second": round(fitted.trained.images_per_second, 1),
                "precision": fitted.trained.precision,
            },
            "standings": [
                {"candidate": one.candidate, "rung": one.rung, "score": one.score} for one in fitted.standings
            ],
            "latency": delivery.latency.to_json(),
            "budget_ms": delivery.budget_ms,
            "verdict": delivery.verdict.value,
            "afresh": {
                "latency": {**artifact.to_json(), "name": delivery.artifact.name},
                "budget_ms": afresh.budget_ms,
                "verdict": verdict.value if (verdict := afresh.verdict(artifact)) is not None else None,
                "reference": [one.to_json() for one in latencies.values()],
            },
        },
    }
    write_text(arguments.out, json.dumps(report, indent=1) + "\n")
    print(f"{100 * test['accuracy']:.2f}% of the test images; written to {arguments.out}")


if __name__ == "__main__":
    main()
