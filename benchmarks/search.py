"""Searchers on NAS-Bench-Macro, whose 6,561 networks are all trained: how much of the true front they find, how soon.

    python benchmarks/search.py nas_bench_macro.csv.gz        under ten minutes on two cores
    python benchmarks/search.py nas_bench_macro.csv.gz --searcher surrogate --seeds 3

The table (Su et al., 2021, Apache-2.0) has a line for every network: `arch` (its eight blocks as digits), the
accuracies of three trainings in per cent (`acc1`, `acc2`, `acc3`) and its multiply-adds (`flops`). Searchers see those
of the first training; what they found is scored by the mean of the other two. Codes that are the same network count as
one, with the mean of their accuracies. Multiply-adds stand for latency: T = 45 M, w = -0.07. Writes
benchmarks/results/search.json, or what --out names.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch

from edgewise.costs import count
from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.papers import Architecture
from edgewise.searching import Problem, hypervolume
from edgewise.searching.front import front
from edgewise.searching.objective import mnasnet_soft
from edgewise.searching.prefilter import Prefilter
from edgewise.searching.searchers.named import SEARCHERS, find_searcher
from edgewise.searching.spaces import NAS_BENCH_MACRO
from edgewise.searching.study import Study
from edgewise.version import VERSION

RESULTS = Path(__file__).parent / "results" / "search.json"

TARGET = 45.0
"""The latency's stand-in, in millions of multiply-adds."""

WORST = (0.85, 106.0)
"""The least accuracy and the most multiply-adds, in millions, that count in the hypervolume."""

EVALUATIONS = {
    "surrogate": 200,
    "random": 500,
    "evolution": 500,
    "tpe": 200,
    "nsga2": 500,
    "ppo": 500,
    "ppo_tuned": 500,
}
"""Searchers, and how many networks each may look at. Optuna's GP takes a minute a run, too long for this list."""

MARKS = (20, 50, 100, 200, 500)
SHARES = (0.7, 1.0, 1.4)
CLOSE = 0.003
"""A returned network is close to the best that there is if it is within so much of its accuracy."""

BUDGETS_AFTER = 200

Report = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """By the network's digest: multiply-adds in millions, the accuracy that searchers see, and that they are scored
    by."""

    costs: dict[str, float]
    seen: dict[str, float]
    scored: dict[str, float]

    @property
    def whole(self) -> float:
        """The hypervolume of all networks."""
        return hypervolume([(self.scored[key], self.costs[key]) for key in self.costs], WORST)

    def best(self, cost: float) -> float:
        """The best score of all networks that cost no more."""
        return max(self.scored[key] for key, own in self.costs.items() if own <= cost)


@cache
def known(path: Path) -> Known:
    """The table at `path`, the lines of one network merged."""
    lines: dict[str, list[tuple[float, float, float]]] = {}
    with gzip.open(path, "rt") as file:
        for line in csv.DictReader(file):
            architecture = NAS_BENCH_MACRO.architecture(tuple(map(int, line["arch"])))
            first, second, third = (float(line[name]) / 100 for name in ("acc1", "acc2", "acc3"))
            lines.setdefault(architecture.digest, []).append((float(line["flops"]) / 1e6, first, (second + third) / 2))
    columns = {key: tuple(map(fmean, zip(*own, strict=True))) for key, own in lines.items()}
    return Known(*({key: column[place] for key, column in columns.items()} for place in range(3)))


def evaluated(table: Known, name: str, seed: int, count_of_them: int, prefilter: Prefilter | None = None) -> list[str]:
    """The digests of the networks that a searcher looks at, in order."""

    def cost(architecture: Architecture) -> float:
        return count(architecture).multiply_adds / 1e6

    problem = Problem(NAS_BENCH_MACRO, cost, mnasnet_soft(TARGET), WORST[1])
    # Whatever is proposed again counts as an evaluation too: that is what a searcher does who does not remember.
    study = Study(
        problem,
        find_searcher(name)(problem, seed, prefilter),
        lambda asked: {one.number: table.seen[problem.key(one.point) or ""] for one in asked},
    )
    return [one.digest or "" for one in study.run(count_of_them)]


def covered(table: Known, keys: Sequence[str], marks: Sequence[int]) -> dict[str, float]:
    """The share of the true front's hypervolume after so many evaluations each."""
    return {
        str(mark): hypervolume([(table.scored[key], table.costs[key]) for key in keys[:mark]], WORST) / table.whole
        for mark in marks
        if mark <= len(keys)
    }


def run(path: Path, name: str, seed: int) -> Report:
    """One search: the share of the true front's hypervolume after so many evaluations, the distinct networks among
    them, and what it would return for each of three budgets."""
    torch.set_num_threads(1)
    table = known(path)
    began = time.perf_counter()
    keys = evaluated(table, name, seed, EVALUATIONS[name])
    took = time.perf_counter() - began
    hypervolumes = covered(table, keys, MARKS)
    return {
        "searcher": name,
        "seed": seed,
        "seconds": round(took, 2),
        "hypervolume": hypervolumes,
        "distinct": {mark: len(set(keys[: int(mark)])) for mark in hypervolumes},
        "budgets": [returned(table, keys[:BUDGETS_AFTER], share) for share in SHARES],
    }


def returned(table: Known, keys: Sequence[str], share: float) -> Report:
    """The network that looks best within a share of the target, by what the searcher saw, and how good it is."""
    within = [key for key in keys if table.costs[key] <= share * TARGET]
    best = table.best(share * TARGET)
    if not within:
        return {"share": share, "score": None, "best": best}
    chosen = max(within, key=lambda key: table.seen[key])
    return {"share": share, "score": table.scored[chosen], "best": best}


def summary(runs: Sequence[Report]) -> Report:
    """What the runs of one searcher come to."""
    marks = runs[0]["hypervolume"]
    close = [
        sum(
            one["budgets"][place]["score"] is not None
            and one["budgets"][place]["score"] >= one["budgets"][place]["best"] - CLOSE
            for one in runs
        )
        for place in range(len(SHARES))
    ]
    return {
        "seeds": len(runs),
        "hypervolume": {
            mark: {
                "mean": fmean(one["hypervolume"][mark] for one in runs),
                "deviation": pstdev(one["hypervolume"][mark] for one in runs),
                "least": min(one["hypervolume"][mark] for one in runs),
            }
            for mark in marks
        },
        "distinct": {mark: fmean(one["distinct"][mark] for one in runs) for mark in marks},
        "close_within_budgets": dict(zip(map(str, SHARES), close, strict=True)),
        "all_three_close": sum(
            all(part["score"] is not None and part["score"] >= part["best"] - CLOSE for part in one["budgets"])
            for one in runs
        ),
        "seconds": fmean(one["seconds"] for one in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="nas_bench_macro.csv.gz")
    parser.add_argument("--searcher", action="append", choices=list(SEARCHERS), help="by default all but gp")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    began = time.monotonic()
    results: Report = {}
    with ProcessPoolExecutor(asked.workers) as pool:
        names = asked.searcher or list(EVALUATIONS)
        runs = {name: [pool.submit(run, asked.table, name, seed) for seed in range(asked.seeds)] for name in names}
        for name, own in runs.items():
            results[name] = summary([one.result() for one in own])
            marks = results[name]["hypervolume"].items()
            shown = "  ".join(f"{mark}: {100 * one['mean']:.2f}%" for mark, one in marks)
            print(f"{name:10} {shown}  distinct {results[name]['distinct']}", flush=True)
            print(
                f"           close {results[name]['close_within_budgets']}, {results[name]['seconds']:.1f} s",
                flush=True,
            )
    table = known(asked.table)
    pairs = [(table.scored[key], table.costs[key]) for key in table.costs]
    report = {
        "benchmark": "search",
        "edgewise": VERSION,
        "quick": asked.seeds < 20,
        "machine": machine,
        "seconds": round(time.monotonic() - began, 1),
        "networks": len(table.costs),
        "true_front": [list(pairs[place]) for place in front(pairs)],
        "worst": list(WORST),
        "target": TARGET,
        "budgets_after": BUDGETS_AFTER,
        "close": CLOSE,
        "results": results,
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"{report['seconds']:.0f} s; written to {asked.out}")


if __name__ == "__main__":
    main()
