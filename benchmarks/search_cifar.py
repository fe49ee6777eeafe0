"""A searched network against width-scaled MobileNets: CIFAR-10, measured latency, equal training.

Spaces around MobileNetV3 (32 pixels) are searched for a budget: by supernets around Large at half width for what
MobileNetV2 at half width takes, and around Small for a little less than Small takes; and around Small at 0.7 for what
that takes, by networks that are trained for an epoch each. What they find is trained from scratch. MobileNetV2 and
MobileNetV3 at width multipliers, the nearest ones above and below the found networks' latencies, are trained with the
same recipe, for as many epochs, from the same seeds. In the end all are timed side by side.

    python benchmarks/search_cifar.py CIFAR10_FOLDER          about 10 hours on two cores; a search is 90 minutes of it
    python benchmarks/search_cifar.py CIFAR10_FOLDER --time   only the latencies of what is done

CIFAR10_FOLDER is CIFAR-10 as an image folder, `train/<class>/*` and `test/<class>/*`. Every network that is done is
written at once, and a second call goes on with the others; the search resumes in --runs. Writes
benchmarks/results/search_cifar.json, or what --out names.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

# Before torch loads OpenMP: what the command line does too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import edgewise
from edgewise.papers import Architecture, find
from edgewise.verbs.search import SPAN
from kept_runs import KeptRuns, Report, say, side_by_side

RESULTS = Path(__file__).parent / "results" / "search_cifar.json"


@dataclass(frozen=True)
class Search:
    """One search: the space at a width, the budget, what the network it finds is called, and how networks are judged:
    for so many epochs, of the supernet or of each."""

    space: str
    width: float
    budget: str
    finds: str
    evaluator: str = "supernet"
    epochs: int = 4
    minutes: float | None = None
    span: tuple[float, float] = SPAN


SEARCHES = {
    "search": Search("mobilenet_v3", 0.5, "1x mobilenet_v2_0.5", "searched"),
    "search early": Search("mobilenet_v3_early", 1.0, "0.97x mobilenet_v3_small", "searched_early"),
    "search proxy": Search(
        "mobilenet_v3_early", 0.7, "1x mobilenet_v3_small_0.7", "searched_proxy", "proxy", 1, 75, (0.85, 1.02)
    ),
}

TRIALS = 150

FAMILIES = ("mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small")
WIDTHS = (0.25, 0.35, 0.5, 0.6, 0.7, 0.75, 0.85, 1.0, 1.2, 1.4)
"""Multipliers that latencies are looked at of before any is trained."""

LOOK_SECONDS = 60.0


class Runs(KeptRuns):
    """The searches beside the trainings."""

    def searched(self, key: str, search: Search) -> Report:
        """A search: its trials, its front, and the architecture of the best within the budget."""

        def make() -> Report:
            made = edgewise.search(
                search.space,
                self.data,
                search.budget,
                width=search.width,
                size=32,
                evaluator=search.evaluator,
                trials=TRIALS,
                minutes=search.minutes,
                span=search.span,
                proxy_epochs=search.epochs,
                finish=0,
                out=self.folder / key,
                progress=False,
                tell=lambda text: say(f"  {text}"),
            )
            within = [one for one in made.front if one.ms <= made.budget_ms]
            best = max(within, key=lambda one: one.trial.accuracy or 0.0)
            return {
                "space": search.space,
                "width": search.width,
                "budget": search.budget,
                "finds": search.finds,
                "evaluator": search.evaluator,
                "judged_epochs": search.epochs,
                "span": list(search.span),
                "budget_ms": made.budget_ms,
                "trials": [one.to_json() for one in made.trials],
                "front": [{"trial": one.trial.number, "ms": one.ms} for one in made.front],
                "chosen": best.trial.number,
                "choices": made.space.named(best.trial.point),
                "architecture": made.space.architecture(best.trial.point).to_dict(),
            }

        return self.keep(key, make)

    def nearest(self, key: str, found: Architecture) -> dict[str, Architecture]:
        """Of every family the widest network that is faster than `found`, and the narrowest that is not."""

        def make() -> Report:
            networks = {
                f"{family} {width:g}": find(family).scaled(width).with_classes(10).with_input(32)
                for family in FAMILIES
                for width in WIDTHS
            }
            took = {name: one["median_ms"] for name, one in side_by_side({**networks, "": found}, LOOK_SECONDS).items()}
            chosen: dict[str, Report] = {}
            for family in FAMILIES:
                names = [name for name in networks if name.startswith(f"{family} ")]
                faster = [name for name in names if took[name] <= took[""]]
                slower = [name for name in names if took[name] > took[""]]
                for name in [*faster[-1:], *slower[:1]]:
                    chosen[name] = networks[name].to_dict()
            return {"looked_at": took, "architectures": chosen}

        kept = self.keep(key, make)["architectures"]
        return {name: Architecture.from_dict(one) for name, one in kept.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--time", action="store_true", help="train nothing, time what there is")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-search"), help="where models lie meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    runs = Runs("search_cifar", asked.data, asked.runs, asked.out, asked.epochs, {})
    if not asked.time:
        found = {
            search.finds: Architecture.from_dict(runs.searched(key, search)["architecture"])
            for key, search in SEARCHES.items()
        }
        beside: dict[str, Architecture] = {}
        for name, architecture in found.items():
            beside |= runs.nearest(f"nearest {name}", architecture)
        for networks in (found, beside):
            for seed in range(asked.seeds):
                for name, architecture in networks.items():
                    runs.trained(f"networks/{seed}/{name}", architecture, seed)
    runs.timed("networks")
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
