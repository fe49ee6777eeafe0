"""Whether what a paper says was seen: paired differences over seeds, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from edgewise.studies.study import Claim

__all__ = ["Outcome", "Seen", "interval", "judged"]

Seen = Literal["seen", "not seen", "contradicted", "one seed"]

LEVEL = 0.95


@dataclass(frozen=True)
class Outcome:
    """A claim and what the runs say: by how much `better` is more accurate than `worse`, as a share of one, with its
    interval (None with one seed), and whether the claim was seen."""

    claim: Claim
    difference: float
    interval: tuple[float, float] | None
    seen: Seen


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95% interval of the mean of `values` after Student; None of fewer than two."""
    if len(values) < 2:
        return None
    from scipy.stats import t

    half = float(t.ppf((1 + LEVEL) / 2, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    middle = fmean(values)
    return middle - half, middle + half


def judged(claim: Claim, accuracies: Mapping[str, Mapping[int, float]]) -> Outcome:
    """The outcome of a claim, by the accuracies of the variants by seed: runs of the same seed are compared, which see
    the same images in the same order.

    A claim is seen when the whole interval is on its side, contradicted when the whole interval is on the other, and
    otherwise not seen, either way. Raises `KeyError` for a variant without runs.
    """
    better, worse = accuracies[claim.better], accuracies[claim.worse]
    differences = [better[seed] - worse[seed] for seed in sorted(better.keys() & worse.keys())]
    difference = fmean(differences)
    found = interval(differences)
    if found is None:
        return Outcome(claim, difference, None, "one seed")
    low, high = found
    seen: Seen = "seen" if low > -claim.margin else "contradicted" if high < -claim.margin else "not seen"
    return Outcome(claim, difference, found, seen)
