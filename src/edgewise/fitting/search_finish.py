"""The networks of a search's front that are trained whole, one for each of several shares of the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.errors import BudgetError
from edgewise.searching.run import FrontNetwork

SHARES = (1.0, 0.7, 1.4)
"""Of the budget, in the order in which models for them are made."""


@dataclass(frozen=True)
class Chosen:
    """A network of the front, and what it was chosen for."""

    name: str
    network: FrontNetwork


@dataclass(frozen=True)
class Finished:
    """A model that was trained whole: what it was chosen for, its trial, its file in the search's folder, its latency
    in ms, and its scores."""

    name: str
    trial: int
    file: str
    ms: float
    metrics: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "metrics": dict(self.metrics)}


def chosen(front: Sequence[FrontNetwork], budget_ms: float, count: int) -> list[Chosen]:
    """Up to `count` networks: the most accurate within the budget, within 0.7 and 1.4 times it, and then the next ones
    within it; none twice.

    Raises `BudgetError` where not even one keeps the budget.
    """
    found: dict[int, Chosen] = {}

    def add(name: str, within: Sequence[FrontNetwork]) -> None:
        best = max(within, key=lambda one: (one.trial.accuracy or 0.0, -one.ms), default=None)
        if best is not None and len(found) < count:
            found.setdefault(best.trial.number, Chosen(name, best))

    within = [one for one in front if one.ms <= budget_ms]
    if not within and count:
        least = min(front, key=lambda one: one.ms)
        raise BudgetError(
            f"no network that was tried keeps {budget_ms:.3f} ms; the fastest takes {least.ms:.3f}: run more --trials, "
            "or allow more time"
        )
    for share in SHARES:
        add(f"{share:g}x", [one for one in front if one.ms <= share * budget_ms])
    while len(found) < count and (left := [one for one in within if one.trial.number not in found]):
        add(f"trial-{max(left, key=lambda one: one.trial.accuracy or 0.0).trial.number}", left)
    return list(found.values())
