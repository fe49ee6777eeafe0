"""Which candidates are worth training: a rule simple enough to state, and stated in the run's record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgewise.devices import Budget, Verdict
from edgewise.errors import BudgetError
from edgewise.fitting.candidates import Candidate, Measured

RULE = (
    "of the candidates whose whole 95% interval is within the budget, each family sends the one with the most "
    "multiply-adds (the larger input where they are equal); of these the {count} with the most multiply-adds train"
)


def select(measured: Measured, budget: Budget, count: int) -> list[Candidate]:
    """Applies `RULE`; most multiply-adds first.

    Within the budget, multiply-adds are capacity that the device gives for nothing; taking one per family leaves it to
    the data which kind of block uses them best. Raises `BudgetError` naming the fastest candidate when none is within.
    """
    met = [one for one in measured.candidates if one.decided and one.verdict is Verdict.MET]
    if not met:
        raise BudgetError(nothing_meets(measured.candidates, budget, measured.budget_ms))
    best: dict[str, Candidate] = {}
    for candidate in met:
        rival = best.get(candidate.family)
        if rival is None or _capacity(candidate) > _capacity(rival):
            best[candidate.family] = candidate
    return sorted(best.values(), key=_capacity, reverse=True)[:count]


def nothing_meets(candidates: Iterable[Candidate], budget: Budget, limit_ms: float) -> str:
    """The sentence for a budget nothing can meet."""
    timed = [(one.latency, one) for one in candidates if one.latency is not None]
    latency, fastest = min(timed, key=lambda pair: pair[0].median_ms)
    limit = f" ({limit_ms:.3f} ms)" if budget.reference is not None else ""
    return (
        f"nothing meets the budget of {budget}{limit}: the fastest of {len(timed)} candidates is "
        f"{fastest.name} at {latency.median_ms:.3f} ms ({latency.low_ms:.3f} to {latency.high_ms:.3f}); "
        "allow more time, smaller images with --input, or take a faster device"
    )


def _capacity(candidate: Candidate) -> tuple[int, int]:
    return candidate.multiply_adds, candidate.size


def halved(ranking: Sequence[Candidate]) -> int:
    """How many of the candidates of a rung go on to the next."""
    return max(1, (len(ranking) + 1) // 2)
