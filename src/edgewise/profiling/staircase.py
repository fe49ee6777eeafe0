"""The step of a staircase: the quantum of channels that time follows as a convolution grows wider.

Kernels compute whole vectors of channels, so time follows the width rounded up to a quantum q, and a width off a
multiple may cost more than the multiple above it: it takes a slower kernel or another layout. What shows a quantum q is
then what happens halfway between two of its multiples, at c = q/2, 3q/2, …, beside the mean of its neighbours:

    excess(c) = t(c) - (t(c - q/2) + t(c + q/2)) / 2

On a straight line the excess is nothing; on a staircase of step q it is half of the growth from one neighbour to the
next, a whole half step; where widths off a multiple are slower it is more. The *share* is the sum of the excesses over
the sum of those half steps: 0 for a line, 1 for a staircase. A staircase of step q has no excess at 2q, whatever it has
at q/2, so the quantum is the largest step with an excess: a share of at least a third, and a mean three standard
errors from nothing. Mean and error are trimmed (Yuen 1974): the highest and the lowest fifth do not count, for a single
width with a path of its own, or a disturbed one, would otherwise hide a step that all others show. There is no model to
fit, and no assumption about what happens within a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

STEPS = (2, 4, 8, 16, 32)
"""The quanta that are tried; where none of them shows, the quantum is 1."""

_LEAST_SHARE = 1 / 3
_SURE = 3.0
_FEWEST = 3
_TRIMMED = 0.2
_FLAT = 1e-3


@dataclass(frozen=True)
class Staircase:
    """`step` is the quantum found; `penalty` the median, over the widths that are no multiple of it, of their time to
    that of the next multiple, None where the sweep has no such pair. `shares` has how much of a whole step each
    quantum that could be tried shows."""

    step: int
    penalty: float | None
    shares: dict[int, float]


def triplet(quantum: int, multiple: int) -> tuple[int, int, int]:
    """The widths that show a quantum above one of its multiples: the multiple, the width halfway, the next multiple."""
    return multiple, multiple + quantum // 2, multiple + quantum


def find_staircase(sweeps: Sequence[Mapping[int, float]]) -> Staircase:
    """The quantum that all `sweeps`, each of times by width, show together.

    A quantum is tried on every `triplet` of widths that a sweep has, and only where there are three or more.
    """
    shares: dict[int, float] = {}
    found = 1
    for quantum in STEPS:
        excesses, halves, times = _excesses(sweeps, quantum)
        if len(excesses) < _FEWEST:
            continue
        # Where time hardly grows at all a share of the growth means nothing; a thousandth of the time stands for it.
        shares[quantum] = sum(excesses) / max(sum(halves), _FLAT * sum(times))
        middle, error = _trimmed(excesses)
        if shares[quantum] >= _LEAST_SHARE and middle > _SURE * error:
            found = quantum
    ratios = [ratio for sweep in sweeps for ratio in _penalties(sweep, found)]
    return Staircase(found, median(ratios) if ratios else None, shares)


def _excesses(sweeps: Sequence[Mapping[int, float]], quantum: int) -> tuple[list[float], list[float], list[float]]:
    """Of every triplet: the excess, the half step and the time, each as a share of its sweep's median time."""
    excesses, halves, times = [], [], []
    for sweep in sweeps:
        scale = median(sweep.values())
        for multiple in sorted(width for width in sweep if width % quantum == 0):
            widths = triplet(quantum, multiple)
            if all(width in sweep for width in widths):
                below, between, above = (sweep[width] / scale for width in widths)
                excesses.append(between - (below + above) / 2)
                halves.append((above - below) / 2)
                times.append(between)
    return excesses, halves, times


def _trimmed(values: Sequence[float]) -> tuple[float, float]:
    """The mean without the lowest and the highest `_TRIMMED` of `values`, and its standard error."""
    ordered = sorted(values)
    cut = int(_TRIMMED * len(ordered))
    kept = ordered[cut : len(ordered) - cut]
    winsorised = [kept[0]] * cut + kept + [kept[-1]] * cut
    return mean(kept), stdev(winsorised) * math.sqrt(len(ordered)) / len(kept)


def _penalties(sweep: Mapping[int, float], step: int) -> list[float]:
    nexts = {width: -(-width // step) * step for width in sweep}
    return [sweep[width] / sweep[after] for width, after in nexts.items() if width != after and after in sweep]
