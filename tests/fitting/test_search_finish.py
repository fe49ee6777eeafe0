"""Which networks of a front are trained whole."""

from __future__ import annotations

import pytest

from edgewise.errors import BudgetError
from edgewise.fitting.search_finish import chosen
from edgewise.searching.archive import Trial
from edgewise.searching.run import FrontNetwork


def network(number: int, ms: float, accuracy: float) -> FrontNetwork:
    return FrontNetwork(Trial(number, (number,), str(number), ms, accuracy), ms)


FRONT = [
    network(3, 0.4, 0.5),
    network(1, 0.6, 0.6),
    network(4, 0.95, 0.7),
    network(5, 1.05, 0.75),
    network(2, 1.3, 0.8),
]


def names(count: int, budget: float = 1.0) -> list[tuple[str, int]]:
    return [(one.name, one.network.trial.number) for one in chosen(FRONT, budget, count)]


def test_for_the_budget_and_shares_of_it_and_then_the_next_ones_within() -> None:
    assert names(0) == []
    assert names(1) == [("1x", 4)]
    assert names(3) == [("1x", 4), ("0.7x", 1), ("1.4x", 2)]
    assert names(9) == [("1x", 4), ("0.7x", 1), ("1.4x", 2), ("trial-3", 3)]


def test_none_twice() -> None:
    assert names(3, budget=0.45) == [("1x", 3), ("1.4x", 1)]
    assert names(2, budget=5.0) == [("1x", 2), ("trial-5", 5)]


def test_nothing_within_the_budget() -> None:
    with pytest.raises(BudgetError, match=r"no network that was tried keeps 0.300 ms; the fastest takes 0.400"):
        chosen(FRONT, 0.3, 1)
    assert chosen(FRONT, 0.3, 0) == []
