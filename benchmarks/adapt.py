"""NetAdapt against width multipliers: accuracy over measured latency, both trained equally.

For MobileNet v1 and v2 (at half width, 32 pixels) and every seed: the network is trained; NetAdapt narrows it step by
step to the least of some shares of its latency; then the networks at those shares, and the network at smaller width
multipliers, are trained from scratch with the same recipe, for as many epochs, from the same seed. A search takes
longer than all that: by default only the first seed has one, and the others train the networks that it found. In the
end all of one model are timed side by side.

    python benchmarks/adapt.py CIFAR10_FOLDER                 about 5 hours on two cores, most of it training
    python benchmarks/adapt.py CIFAR10_FOLDER --time          only the latencies of what is done

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`. Every network that is done is
written at once, with its architecture, and a second call goes on with the others, on any machine: what was not finished
is in --runs. Whether NetAdapt is better on CIFAR-10 is an open question; the paper's networks are for ImageNet. Writes
benchmarks/results/adapt.json, or what --out names.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.errors import BudgetError
from edgewise.papers import Architecture, find
from edgewise.verbs.adapt import Adapted
from edgewise.weights import read_card
from kept_runs import KeptRuns, Report, say, side_by_side

RESULTS = Path(__file__).parent / "results" / "adapt.json"

MODELS = {"mobilenet_v1": 0.5, "mobilenet_v2": 0.5}
"""Networks and their width multipliers, at 32 pixels."""

SHARES = (0.8, 0.6)
"""Of the network's latency, to adapt to: one run to the least of them passes the others."""

SHORT = 40
"""Steps that a proposal is tuned for."""

WIDTHS = (0.75, 0.5)
"""Of the network's widths, to compare with."""

FORMS = ("netadapt", "mobilenet_v3")


class Runs(KeptRuns):
    """The searches beside the trainings."""

    def searched(self, key: str, model: Path, form: str, seed: int) -> Report:
        """All steps of narrowing the network to the least share of its latency, and what finding them took."""

        def make() -> Report:
            try:
                made = edgewise.adapt(
                    model,
                    self.data,
                    f"{min(SHARES):g}x",
                    form=form,
                    seed=seed,
                    short=SHORT,
                    epochs=1,
                    out=self.folder / key,
                    progress=False,
                    tell=lambda text: say(f"  {text}"),
                )
            except BudgetError as error:
                say(f"  {error}")  # what it has reached is a result too
                made = Adapted.read(self.folder / key)
            assert isinstance(made, Adapted)
            files = [made.folder / "steps" / f"{step.number:02}" / "model.safetensors" for step in made.steps]
            return {
                "seed_ms": made.seed_ms,
                "target_ms": made.target_ms,
                "ms": made.ms,
                "steps": [step.to_json() for step in made.steps],
                "architectures": [read_card(file).architecture.to_dict() for file in files],
            }

        return self.keep(key, make)

    def timed_steps(self, name: str) -> None:
        """The latencies of all steps of the searches of one model, side by side."""
        for key, search in self.networks.items():
            if key.startswith(f"{name}/") and key.endswith(" search"):
                say(f"timing the steps of {key}")
                made = [Architecture.from_dict(one) for one in search["architectures"]]
                latencies = side_by_side({one.digest: one for one in made})
                # Independent of the timings by which the steps were chosen.
                search["step_latencies"] = [latencies[one.digest] for one in made]
                self.write()


def reached(search: Report, share: float) -> Architecture:
    """The first of a search's networks that takes `share` of what the first one took, or 1% more."""
    wanted = 1.01 * share * search["steps"][0]["ms"]
    number = next((one["number"] for one in search["steps"] if one["ms"] <= wanted), len(search["steps"]) - 1)
    return Architecture.from_dict(search["architectures"][number])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--model", action="append", choices=list(MODELS), help="by default all")
    parser.add_argument("--form", action="append", choices=FORMS, help="by default netadapt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--searches", type=int, default=1, help="of so many seeds; the others train what the last found"
    )
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--time", action="store_true", help="train nothing, time what there is")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-adapt"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    runs = Runs("adapt", asked.data, asked.runs, asked.out, asked.epochs, {"short": SHORT})
    forms = asked.form or ["netadapt"]
    names = asked.model or list(MODELS)
    # Seeds outside: what there is early is there of all models.
    for seed in range(0 if asked.time else asked.seeds):
        for name in names:
            whole = find(name).scaled(MODELS[name])
            model = asked.runs / name / str(seed) / "whole" / "model.safetensors"
            due = seed < asked.searches and any(f"{name}/{seed}/{form} search" not in runs.networks for form in forms)
            if due and not model.exists():
                # Results outlive what lies in --runs, and a search begins with the weights.
                runs.networks.pop(f"{name}/{seed}/whole", None)
            runs.trained(f"{name}/{seed}/whole", whole, seed)
            for form in forms:
                key = f"{name}/{min(seed, asked.searches - 1)}/{form} search"
                search = runs.searched(key, model, form, seed)
                for share in SHARES:
                    runs.trained(f"{name}/{seed}/{form} {share:g}", reached(search, share), seed)
            for width in WIDTHS:
                runs.trained(f"{name}/{seed}/width {width:g}", whole.scaled(width), seed)
    for name in names:
        runs.timed(name)
        runs.timed_steps(name)
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
