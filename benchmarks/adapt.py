"""NetAdapt against width multipliers: accuracy over measured latency, both trained equally.

For MobileNet v1 and v2 (at half width, 32 pixels) and every seed: the network is trained; NetAdapt brings it to shares
of its latency; then the narrower networks, and the network at smaller width multipliers, are trained from scratch with
the same recipe, for as many epochs, from the same seed. In the end all of one model are timed side by side.

    python benchmarks/adapt.py CIFAR10_FOLDER                 about 12 hours on two cores, most of it training
    python benchmarks/adapt.py CIFAR10_FOLDER --seeds 1 --epochs 2 --out adapt.json     half an hour

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`. Every network that is done is
written at once, with its architecture, and a second call goes on with the others, on any machine: what was not finished
is in --runs. Whether NetAdapt is better on CIFAR-10 is an open question; the paper's networks are for ImageNet. Writes
benchmarks/results/adapt.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tempfile import TemporaryDirectory

import edgewise
from edgewise.deploy import build, random_tensors
from edgewise.devices import Variant, describe_machine, measure_variants
from edgewise.files import write_text
from edgewise.papers import Architecture, find
from edgewise.verbs.adapt import Adapted
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "adapt.json"

MODELS = {"mobilenet_v1": 0.5, "mobilenet_v2": 0.5}
"""Networks and their width multipliers, at 32 pixels."""

SHARES = (0.8, 0.65, 0.5)
"""Of the network's latency, to adapt to."""

WIDTHS = (0.85, 0.7, 0.55, 0.4)
"""Of the network's widths, to compare with."""

FORMS = ("netadapt", "mobilenet_v3")

Report = dict[str, Any]


def say(text: str) -> None:
    print(text, flush=True)


class Runs:
    """What was asked for, where it is kept, and what is done."""

    def __init__(self, data: Path, folder: Path, out: Path, epochs: int, forms: list[str]) -> None:
        self.data, self.folder, self.out, self.epochs, self.forms = data, folder, out, epochs, forms
        kept: Report = json.loads(out.read_text()) if out.exists() else {}
        self.networks: dict[str, Report] = kept.get("networks", {})
        self.latencies: dict[str, Report] = kept.get("latencies", {})

    def keep(self, key: str, make: Callable[[], Report]) -> Report:
        """The result called `key`: read where there is one, else made and written."""
        if key not in self.networks:
            say(key)
            began = time.monotonic()
            self.networks[key] = {**make(), "seconds": round(time.monotonic() - began, 1)}
            self.write()
        return self.networks[key]

    def write(self) -> None:
        report = {
            "benchmark": "adapt",
            "edgewise": VERSION,
            "quick": False,
            "machine": describe_machine().to_json(),
            "epochs": self.epochs,
            "networks": self.networks,
            "latencies": self.latencies,
        }
        write_text(self.out, json.dumps(report, indent=1, allow_nan=False) + "\n")

    def trained(self, key: str, architecture: Architecture, seed: int) -> Report:
        """The network trained from scratch, and its accuracy on the test images."""

        def make() -> Report:
            made = edgewise.train(
                self.data,
                architecture,
                size=32,
                epochs=self.epochs,
                seed=seed,
                out=self.folder / key,
                progress=False,
            )
            return {"architecture": made.card.architecture.to_dict(), "accuracy": made.test.accuracy}

        return self.keep(key, make)

    def adapted(self, key: str, model: Path, share: float, form: str, seed: int) -> Report:
        """The network narrowed to a share of its latency, and what finding it took."""

        def make() -> Report:
            made = edgewise.adapt(
                model,
                self.data,
                f"{share:g}x",
                form=form,
                seed=seed,
                epochs=1,
                out=self.folder / key,
                progress=False,
                tell=lambda text: say(f"  {text}"),
            )
            assert isinstance(made, Adapted)
            return {
                "architecture": made.card.architecture.to_dict(),
                "seed_ms": made.seed_ms,
                "target_ms": made.target_ms,
                "ms": made.ms,
                "steps": [step.to_json() for step in made.steps],
            }

        return self.keep(key, make)

    def timed(self, name: str) -> None:
        """The latencies of all architectures of one model, side by side."""
        found = {
            key: Architecture.from_dict(one["architecture"])
            for key, one in self.networks.items()
            if key.startswith(f"{name}/") and "accuracy" in one
        }
        unique = {one.digest: one for one in found.values()}
        with TemporaryDirectory() as place:
            variants = [
                Variant(digest, build(one, random_tensors(one), Path(place), digest[:16]), "onnxruntime")
                for digest, one in unique.items()
            ]
            latencies = {one.name: one.to_json() for one in measure_variants(variants, max_seconds=120)}
        self.latencies[name] = {key: latencies[one.digest] for key, one in found.items()}
        self.write()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--model", action="append", choices=list(MODELS), help="by default all")
    parser.add_argument("--form", action="append", choices=FORMS, help="by default netadapt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-adapt"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    runs = Runs(asked.data, asked.runs, asked.out, asked.epochs, asked.form or ["netadapt"])
    for name in asked.model or MODELS:
        whole = find(name).scaled(MODELS[name])
        for seed in range(asked.seeds):
            runs.trained(f"{name}/{seed}/whole", whole, seed)
            model = asked.runs / name / str(seed) / "whole" / "model.safetensors"
            for share in SHARES:
                for form in runs.forms:
                    key = f"{name}/{seed}/{form} {share:g}"
                    found = runs.adapted(f"{key} search", model, share, form, seed)
                    runs.trained(key, Architecture.from_dict(found["architecture"]), seed)
            for width in WIDTHS:
                runs.trained(f"{name}/{seed}/width {width:g}", whole.scaled(width), seed)
        runs.timed(name)
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
