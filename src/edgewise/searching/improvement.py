"""By how much a network is expected to push the front, when its cost is known and its accuracy is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgewise.searching.front import Pair, front

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)


def expected_improvement(
    log_errors: tuple[np.ndarray, np.ndarray], costs: np.ndarray, known: Sequence[Pair], worst: Pair
) -> np.ndarray:
    """The expected gain of hypervolume `(n,)` over the front of `known` results, below `worst` (see `hypervolume`).

    `log_errors` are mean and standard deviation `(n,)` of log(1 − accuracy), `costs` `(n,)` are certain. Between two
    costs of the front the gain is the width of what lies beyond the network's own cost, times how much its accuracy
    exceeds the front's there; the accuracy's distribution is integrated by Gauss-Hermite quadrature.
    """
    mean, deviation = log_errors
    accuracies = 1 - np.exp(mean[:, None] + deviation[:, None] * _NODES)
    inside = [pair for pair in known if pair[0] > worst[0] and pair[1] < worst[1]]
    kept = [inside[index] for index in front(inside)]
    bests = [worst[0], *(accuracy for accuracy, _ in kept)]
    edges = [0.0, *(cost for _, cost in kept), worst[1]]
    gained = np.zeros(len(costs))
    for best, left, right in zip(bests, edges[:-1], edges[1:], strict=True):
        width = np.clip(right - np.maximum(left, costs), 0, None)
        gained += width * (np.clip(accuracies - best, 0, None) @ (_WEIGHTS / _WEIGHTS.sum()))
    return gained
