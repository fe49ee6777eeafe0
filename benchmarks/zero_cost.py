"""Scores of untrained networks against plain counts: how well each ranks networks, and what a search gains by them.

    python benchmarks/zero_cost.py nas_bench_macro.csv.gz CIFAR10_FOLDER        about 15 minutes on two cores

Random networks of NAS-Bench-Macro are made with fresh weights and scored by one batch of training images. Scores are
compared by Spearman's rank correlation with the mean accuracy of the networks' trainings: over all of them, and beyond
what their cost says, among networks of equal cost, which is where a search with a budget has to choose (partial rank
correlation). A score is worth a place in front of a search where it does better than multiply-adds, which are known
without any weights.

- `activations`: the bytes that a network writes, a plain count like multiply-adds
- `gradient_norm`: the sum of the norms of the gradients of all weights (Abdelfattah et al., 2021, section 3)
- `snip`: the sum of |weight × gradient| (Lee et al., 2019)
- `synflow`: the same for the sum of all outputs, of an image of ones and the weights' sizes (Tanaka et al., 2020)
- `naswot`: how differently images switch the activations (Mellor et al., 2021); what `--prefilter` chooses by

The same of the networks that the searches of benchmarks/search_cifar.py tried, in spaces around MobileNetV3: there
costs are latencies, and accuracies those by shared weights. Last, NAS-Bench-Macro is searched as benchmarks/search.py
does it, with and without `--prefilter`. Writes benchmarks/results/zero_cost.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn
from torch.nn import functional

from edgewise.costs import count
from edgewise.data import Batches, open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.searching.archive import Trial
from edgewise.searching.known_spaces import find_space
from edgewise.searching.naswot import naswot
from edgewise.searching.prefilter import Prefilter, at_equal_cost
from edgewise.searching.space import Space
from edgewise.searching.spaces import NAS_BENCH_MACRO
from edgewise.searching.untrained import IMAGES
from edgewise.version import VERSION
from search import covered, evaluated, known

RESULTS = Path(__file__).parent / "results" / "zero_cost.json"
SEARCHES = Path(__file__).parent / "results" / "search_cifar.json"

SIZE = 32

SEARCHERS = ("surrogate", "evolution", "random")
EVALUATIONS = 100
MARKS = (10, 20, 50, 100)

Report = dict[str, Any]
Score = Callable[[Network, Tensor, Tensor], float]
"""Of a network that may be changed, images `(N, 3, H, W)` and their classes `(N,)`."""


def _gradients(network: Network, result: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The weights of all layers, and the gradients that `result` has for them."""
    weights = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    return [
        (one.detach(), gradient) for one, gradient in zip(weights, torch.autograd.grad(result, weights), strict=True)
    ]


def _loss(network: Network, images: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(network.train()(images), labels)


def gradient_norm(network: Network, images: Tensor, labels: Tensor) -> float:
    return sum(float(gradient.norm()) for _, gradient in _gradients(network, _loss(network, images, labels)))


def snip(network: Network, images: Tensor, labels: Tensor) -> float:
    return sum(float((one * own).abs().sum()) for one, own in _gradients(network, _loss(network, images, labels)))


def synflow(network: Network, images: Tensor, labels: Tensor) -> float:
    network.double().eval()
    with torch.no_grad():
        for one in network.parameters():
            one.abs_()
    flow = _gradients(network, network(torch.ones_like(images[:1], dtype=torch.float64)).sum())
    # Its logarithm, which ranks alike: products of dozens of layers leave every scale.
    return float(np.log(sum(float((one * own).abs().sum()) for one, own in flow)))


SCORES: Mapping[str, Score] = {
    "gradient_norm": gradient_norm,
    "snip": snip,
    "synflow": synflow,
    "naswot": lambda network, images, labels: naswot(network, images),
}

COUNTS: Mapping[str, Callable[[Architecture], float]] = {
    "multiply_adds": lambda one: float(count(one).multiply_adds),
    "activations": lambda one: float(count(one).bytes_written),
}

Found = dict[str, tuple[float, float]]
"""Of a network by the name of the count or score its value, and the seconds it took."""


def looked_at(architecture: Architecture, images: Tensor, labels: Tensor, names: Sequence[str]) -> Found:
    """A network's counts, and of its scores those named."""
    torch.set_num_threads(1)
    found: Found = {name: (value(architecture), 0.0) for name, value in COUNTS.items()}
    for name in names:
        network = Network(architecture, seed=0)
        began = time.perf_counter()
        score = SCORES[name](network, images, labels)
        found[name] = score, time.perf_counter() - began
    return found


def ranked(found: Sequence[Found], accuracies: Sequence[float], costs: Sequence[float]) -> Report:
    """How well every count and score ranks the networks that `found` is of."""
    right, dear = np.array(accuracies), np.array(costs)

    def one(name: str) -> Report:
        values = np.array([own[name][0] for own in found])
        return {
            "all": float(np.corrcoef(rankdata(values), rankdata(right))[0, 1]),
            "at_equal_cost": at_equal_cost(values, right, dear),
            "seconds": fmean(own[name][1] for own in found),
        }

    return {name: one(name) for name in found[0]}


def tried(kept: Report) -> tuple[list[Architecture], list[float], list[float]]:
    """The networks that a kept search tried, their accuracies by shared weights, and their latencies in ms."""
    space = find_space(kept["space"], size=SIZE, classes=10, width=kept["width"])
    trials = [Trial.from_json(one) for one in kept["trials"]]
    known_ones = [one for one in trials if one.accuracy is not None and one.like is None]
    networks = [space.architecture(whole(space, one.point)) for one in known_ones]
    return networks, [one.accuracy or 0.0 for one in known_ones], [one.cost for one in known_ones]


def whole(space: Space, point: Sequence[int]) -> tuple[int, ...]:
    """The point with the choices that the space got since it was searched: they are where all its networks were then,
    where the network is that it is around."""
    around = space.point(space.around or {})
    return (*point, *around[len(point) :])


def searched(path: Path, name: str, seed: int, scores: Mapping[str, float] | None) -> dict[str, float]:
    """The shares of the true front's hypervolume that one search covers, with a prefilter by `scores` or without."""
    torch.set_num_threads(1)
    table = known(path)
    prefilter = None if scores is None else Prefilter(NAS_BENCH_MACRO, lambda one: scores[one.digest])
    return covered(table, evaluated(table, name, seed, EVALUATIONS, prefilter), MARKS)


def gains(pool: ProcessPoolExecutor, path: Path, scores: Mapping[str, float], seeds: int) -> Report:
    """By searcher what it covers as it is, and with a prefilter; and how often the latter is the more."""
    runs = {
        (name, filtered): [
            pool.submit(searched, path, name, seed, scores if filtered else None) for seed in range(seeds)
        ]
        for name in SEARCHERS
        for filtered in (False, True)
    }
    made: Report = {}
    for name in SEARCHERS:
        plain, filtered = ([one.result() for one in runs[name, which]] for which in (False, True))
        made[name] = {
            mark: {
                "plain": fmean(one[mark] for one in plain),
                "plain_deviation": pstdev(one[mark] for one in plain),
                "prefilter": fmean(one[mark] for one in filtered),
                "prefilter_deviation": pstdev(one[mark] for one in filtered),
                "better": sum(one[mark] > other[mark] for one, other in zip(filtered, plain, strict=True)),
            }
            for mark in plain[0]
        }
        print(
            name, {mark: f"{one['plain']:.3f} {one['prefilter']:.3f}" for mark, one in made[name].items()}, flush=True
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    machine = describe_machine().to_json()  # first, for the load it was measured under is not our own
    table = known(asked.table)
    by_digest = {NAS_BENCH_MACRO.architecture(point).digest: point for point in NAS_BENCH_MACRO.points()}
    train = open_dataset(asked.data).splits["train"]
    preprocessing = preprocessing_for(SIZE, statistics(train))
    images, labels = next(iter(Batches(train, preprocessing, batch_size=IMAGES, seed=0, shuffle=True, workers=0)))
    with ProcessPoolExecutor(2) as pool:

        def look(networks: Sequence[Architecture], names: Sequence[str]) -> list[Found]:
            waiting = [pool.submit(looked_at, one, images, labels, names) for one in networks]
            return [one.result() for one in waiting]

        keys = sorted(table.costs)
        chosen = np.random.default_rng(0).permutation(keys)[: asked.networks].tolist()
        some = look([NAS_BENCH_MACRO.architecture(by_digest[key]) for key in chosen], list(SCORES))
        accuracies = [(table.seen[key] + 2 * table.scored[key]) / 3 for key in chosen]
        results = ranked(some, accuracies, [table.costs[key] for key in chosen])
        print({name: {key: round(value, 2) for key, value in one.items()} for name, one in results.items()}, flush=True)
        archives: Report = {}
        for name, kept in json.loads(SEARCHES.read_text())["networks"].items():
            if "trials" in kept:
                networks, right, dear = tried(kept)
                archives[name] = {
                    "space": kept["space"],
                    "width": kept["width"],
                    "networks": len(networks),
                    "results": ranked(look(networks, ["naswot"]), right, dear),
                }
                print(name, archives[name], flush=True)
        every = look([NAS_BENCH_MACRO.architecture(by_digest[key]) for key in keys], ["naswot"])
        scores = {key: one["naswot"][0] for key, one in zip(keys, every, strict=True)}
        searches = gains(pool, asked.table, scores, asked.seeds)
    report = {
        "benchmark": "zero_cost",
        "edgewise": VERSION,
        "quick": asked.networks < 200 or asked.seeds < 20,
        "machine": machine,
        "networks": len(chosen),
        "images": IMAGES,
        "results": results,
        "archives": archives,
        "seeds": asked.seeds,
        "searches": searches,
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"written to {asked.out}")


if __name__ == "__main__":
    main()
