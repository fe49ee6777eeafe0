"""A searched network against width-scaled MobileNets: CIFAR-10, measured latency, equal training.

Spaces around MobileNetV3 (32 pixels) are searched with shared weights for a budget: around Large at half width for what
MobileNetV2 at half width takes, around Small for a little less than Small takes, and, with regular convolutions among
the options, around Small and around Small at width 0.7 for a little less than Small at width 0.7 takes. Of the last two
searches' networks the best two and four are trained whole, and validation images choose one. What is found is trained
from scratch. MobileNetV2 and MobileNetV3 at width multipliers, the nearest ones above and below the found networks'
latencies, are trained with the same recipe, for as many epochs, from the same seeds: as many networks at a time as
there are cores, each with one thread. In the end all are timed side by side.

    python benchmarks/search_cifar.py CIFAR10_FOLDER          hours on two cores; searches take 85, 58, 59, 75 minutes
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
from edgewise.searching.archive import Trial
from edgewise.searching.known_spaces import find_space
from edgewise.verbs.search import SPAN
from kept_runs import KeptRuns, Report, say, side_by_side

RESULTS = Path(__file__).parent / "results" / "search_cifar.json"


@dataclass(frozen=True)
class Search:
    """One search: the space at a width, the budget, what the network it finds is called, and for how many epochs the
    shared weights are trained. Of several `finalists`, which are trained whole, validation images choose one."""

    space: str
    width: float
    budget: str
    finds: str
    epochs: int = 4
    span: tuple[float, float] = SPAN
    finalists: int = 1


SEARCHES = {
    "search": Search("mobilenet_v3", 0.5, "1x mobilenet_v2_0.5", "searched"),
    "search early": Search("mobilenet_v3_early", 1.0, "0.97x mobilenet_v3_small", "searched_early"),
    "search regular": Search(
        "mobilenet_v3_regular", 1.0, "0.62x mobilenet_v3_small", "searched_regular", 6, (0.6, 1.05), 2
    ),
    "search narrow": Search(
        "mobilenet_v3_regular", 0.7, "0.65x mobilenet_v3_small", "searched_narrow", 6, (0.75, 1.02), 4
    ),
}

SIZE = 32

TRIALS = 150

FINALISTS_SEED = 100
"""Not one of those that networks are compared by: those would tell what luck chose."""

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
                size=SIZE,
                trials=TRIALS,
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
                "evaluator": "supernet",
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

    def chosen(self, key: str, search: Search) -> Architecture:
        """What the search finds: of several finalists the most accurate on the validation images."""
        kept = self.searched(key, search)
        if search.finalists == 1:
            return Architecture.from_dict(kept["architecture"])

        def make() -> Report:
            space = find_space(search.space, size=SIZE, classes=10, width=search.width)
            trials = [Trial.from_json(one) for one in kept["trials"]]
            within = [one for one in trials if one.accuracy and one.like is None and one.cost <= kept["budget_ms"]]
            best = sorted(within, key=lambda one: one.accuracy or 0.0, reverse=True)[: search.finalists]
            networks = [space.architecture(one.point) for one in best]
            scores = self.trained_beside(
                {
                    f"{key} finalists/{trial.number}": (network, FINALISTS_SEED)
                    for trial, network in zip(best, networks, strict=True)
                }
            )
            validation = [one["validation"] for one in scores]
            first = validation.index(max(validation))
            return {
                "seed": FINALISTS_SEED,
                "finalists": [
                    {"trial": one.number, "shared": one.accuracy, "ms": one.cost, "validation": score}
                    for one, score in zip(best, validation, strict=True)
                ],
                "trained_seconds": sum(one["seconds"] for one in scores),
                "chosen": best[first].number,
                "choices": space.named(best[first].point),
                "architecture": networks[first].to_dict(),
            }

        return Architecture.from_dict(self.keep(f"{key} finalists", make)["architecture"])

    def nearest(self, key: str, found: Architecture) -> dict[str, Architecture]:
        """Of every family the widest network that is faster than `found`, and the narrowest that is not."""

        def make() -> Report:
            networks = {
                f"{family} {width:g}": find(family).scaled(width).with_classes(10).with_input(SIZE)
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
        found = {search.finds: runs.chosen(key, search) for key, search in SEARCHES.items()}
        beside: dict[str, Architecture] = {}
        for name, architecture in found.items():
            beside |= runs.nearest(f"nearest {name}", architecture)
        runs.trained_beside(
            {
                f"networks/{seed}/{name}": (architecture, seed)
                for networks in (found, beside)
                for seed in range(asked.seeds)
                for name, architecture in networks.items()
            }
        )
    runs.timed("networks")
    say(f"written to {asked.out}")


if __name__ == "__main__":
    main()
