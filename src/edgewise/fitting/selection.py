"""Which candidates are worth training: a rule simple enough to state, and stated in the run's record."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.devices import Budget, Latency, Verdict
from edgewise.fitting.candidates import Candidate, Measured

RULE = (
    "of the candidates whose whole 95% interval is within the budget, each family sends the one with the most "
    "multiply-adds (the larger input where they are equal); of these the {count} with the most multiply-adds train"
)


def select(measured: Measured, count: int) -> list[Candidate]:
    """Applies `RULE`; most multiply-adds first, nothing where none is within the budget.

    Within the budget, multiply-adds are capacity that the device gives for nothing; taking one per family leaves it to
    the data which kind of block uses them best.
    """
    met = [one for one in measured.candidates if one.decided and one.verdict is Verdict.MET]
    best: dict[str, Candidate] = {}
    for candidate in met:
        rival = best.get(candidate.family)
        if rival is None or _capacity(candidate) > _capacity(rival):
            best[candidate.family] = candidate
    return sorted(best.values(), key=_capacity, reverse=True)[:count]


def fastest(measured: Measured) -> tuple[Candidate, Latency]:
    """The fastest of the candidates whose latency decides."""
    timed = [(one, one.latency) for one in measured.candidates if one.latency is not None and one.decided]
    return min(timed, key=lambda pair: pair[1].median_ms)


def nothing_meets(measured: Measured, budget: Budget) -> str:
    """That nothing meets the budget, and what comes nearest, without a full stop."""
    first, latency = fastest(measured)
    limit = f" ({measured.budget_ms:.3f} ms)" if budget.reference is not None else ""
    return (
        f"nothing meets the budget of {budget}{limit}: the fastest of {len(measured.candidates)} candidates is "
        f"{first.name} at {latency.median_ms:.3f} ms ({latency.low_ms:.3f} to {latency.high_ms:.3f})"
    )


def _capacity(candidate: Candidate) -> tuple[int, int]:
    return candidate.multiply_adds, candidate.size


def halved(ranking: Sequence[Candidate]) -> int:
    """How many of the candidates of a rung go on to the next."""
    return max(1, (len(ranking) + 1) // 2)
