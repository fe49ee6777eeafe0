"""Zero-cost scores against multiply-adds: how well each ranks networks of NAS-Bench-Macro that were never trained.

    python benchmarks/zero_cost.py nas_bench_macro.csv.gz CIFAR10_FOLDER        about 10 minutes on two cores

Random networks of the table are made with fresh weights and scored by one batch of training images. Scores are compared
by Spearman's rank correlation with the mean accuracy of the networks' trainings: over all of them, and as the mean over
networks of about the same multiply-adds, among which a search with a budget has to choose. A score is worth a place in
front of a search where it does better than multiply-adds, which are known without any weights.

- `gradient_norm`: the sum of the norms of the gradients of all weights (Abdelfattah et al., 2021, section 3)
- `snip`: the sum of |weight × gradient| (Lee et al., 2019)
- `synflow`: the same for the sum of all outputs, of an image of ones and the weights' sizes (Tanaka et al., 2020)
- `naswot`: how differently the ReLUs' patterns are for different images (Mellor et al., 2021, equation 3)

Writes benchmarks/results/zero_cost.json, or what --out names.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.data import Batches, open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.devices import describe_machine
from edgewise.files import write_text
from edgewise.nn import Network
from edgewise.searching.spaces import NAS_BENCH_MACRO
from edgewise.version import VERSION
from search import known

RESULTS = Path(__file__).parent / "results" / "zero_cost.json"

PARTS = 8
"""Of the networks in the order of their multiply-adds, within which they count as equally dear."""

IMAGES = 64

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


@torch.no_grad()
def naswot(network: Network, images: Tensor, labels: Tensor) -> float:
    kernel = torch.zeros(len(images), len(images), dtype=torch.float64)

    def agree(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        code = (output > 0).flatten(1).float()
        kernel.add_(code @ code.T + (1 - code) @ (1 - code).T)

    for layer in network.modules():
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(agree)
    network.train()(images)
    return float(torch.linalg.slogdet(kernel).logabsdet)


SCORES: dict[str, Score] = {"gradient_norm": gradient_norm, "snip": snip, "synflow": synflow, "naswot": naswot}


def ranks(values: np.ndarray) -> np.ndarray:
    """Places in order, from 0; of equal values the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[where]


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's."""
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def within(scores: np.ndarray, accuracies: np.ndarray, costs: np.ndarray) -> float:
    """The mean correlation among networks that are about as dear."""
    parts = np.array_split(np.argsort(costs), PARTS)
    return fmean(correlation(scores[part], accuracies[part]) for part in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("data", type=Path, help="CIFAR-10 as an image folder")
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    table = known(asked.table)
    by_digest = {NAS_BENCH_MACRO.architecture(point).digest: point for point in NAS_BENCH_MACRO.points()}
    chosen = np.random.default_rng(0).permutation(sorted(table.costs))[: asked.networks].tolist()
    train = open_dataset(asked.data).splits["train"]
    preprocessing = preprocessing_for(32, statistics(train))
    images, labels = next(iter(Batches(train, preprocessing, batch_size=IMAGES, seed=0, shuffle=True, workers=0)))
    scores: dict[str, list[float]] = {name: [] for name in SCORES}
    seconds = dict.fromkeys(SCORES, 0.0)
    for number, digest in enumerate(chosen):
        architecture = NAS_BENCH_MACRO.architecture(by_digest[digest])
        for name, score in SCORES.items():
            network = Network(architecture, seed=number)
            began = time.perf_counter()
            scores[name].append(score(network, images, labels))
            seconds[name] += time.perf_counter() - began
        if number % 50 == 49:
            print(f"{number + 1} of {len(chosen)} networks", flush=True)
    costs = np.array([table.costs[digest] for digest in chosen])
    accuracies = np.array([(table.seen[digest] + 2 * table.scored[digest]) / 3 for digest in chosen])

    def found(values: Sequence[float], took: float) -> dict[str, Any]:
        array = np.array(values)
        return {
            "all": correlation(array, accuracies),
            "within": within(array, accuracies, costs),
            "seconds": took / len(chosen),
        }

    report = {
        "benchmark": "zero_cost",
        "edgewise": VERSION,
        "quick": asked.networks < 200,
        "machine": describe_machine().to_json(),
        "networks": len(chosen),
        "images": IMAGES,
        "parts": PARTS,
        "results": {
            "multiply_adds": found(costs.tolist(), 0.0),
            **{name: found(scores[name], seconds[name]) for name in SCORES},
        },
    }
    write_text(asked.out, json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"written to {asked.out}")


if __name__ == "__main__":
    main()
