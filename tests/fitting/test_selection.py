"""Which candidates train: the rule, on candidates made by hand."""

from dataclasses import replace

import pytest
from making import candidate, latency

from edgewise.devices import Budget, Verdict
from edgewise.fitting.candidates import Candidate, Measured
from edgewise.fitting.selection import RULE, fastest, halved, nothing_meets, select


def selected(*candidates: Candidate, count: int = 4) -> list[str]:
    return [one.name for one in select(Measured(candidates, 2.0, None), count)]


def test_every_family_sends_its_largest_and_the_largest_come_first() -> None:
    assert selected(
        candidate("a small", family="a", multiply_adds=10),
        candidate("a large", family="a", multiply_adds=30),
        candidate("b large", family="b", multiply_adds=40),
        candidate("b small", family="b", multiply_adds=20),
        candidate("c", family="c", multiply_adds=5),
    ) == ["b large", "a large", "c"]


def test_of_equal_ones_the_larger_input_goes() -> None:
    assert selected(
        candidate("at 128", multiply_adds=10, size=128),
        candidate("at 160", multiply_adds=10, size=160),
        candidate("at 96", multiply_adds=10, size=96),
    ) == ["at 160"]


def test_no_more_than_asked_for() -> None:
    several = [candidate(name, family=name, multiply_adds=ord(name)) for name in "abcde"]
    assert selected(*several, count=2) == ["e", "d"]
    assert selected(*several, count=9) == ["e", "d", "c", "b", "a"]


@pytest.mark.parametrize("verdict", [Verdict.UNDECIDED, Verdict.MISSED, None])
def test_only_what_surely_meets_the_budget(verdict: Verdict | None) -> None:
    doubtful = candidate("doubtful", multiply_adds=100, verdict=verdict)
    assert selected(doubtful, candidate("sure", multiply_adds=1)) == ["sure"]


def test_only_what_was_measured() -> None:
    screened = candidate("screened", multiply_adds=100, measured=False)
    assert selected(screened, candidate("measured", multiply_adds=1)) == ["measured"]


def test_a_prediction_decides_without_a_second_look() -> None:
    screened = candidate("predicted", multiply_adds=100, measured=False)
    assert screened.latency is not None
    predicted = replace(screened, latency=replace(screened.latency, predicted=True))
    assert selected(predicted, candidate("measured", multiply_adds=1)) == ["predicted"]
    assert selected(replace(predicted, verdict=Verdict.UNDECIDED), candidate("measured")) == ["measured"]


def test_nothing_meets_the_budget() -> None:
    slow = candidate("slow", median=7.0, verdict=Verdict.MISSED)
    fast = candidate("fast", median=3.0, verdict=Verdict.MISSED)
    screened = candidate("screened", median=2.5, verdict=Verdict.MISSED, measured=False)
    assert selected(slow, fast, screened) == []
    made = Measured((slow, fast, screened), 2.0, None)
    assert fastest(made)[0] is fast
    assert nothing_meets(made, Budget.parse("2ms")) == (
        "nothing meets the budget of 2ms: the fastest of 3 candidates is fast at 3.000 ms (2.970 to 3.030)"
    ).replace("2ms", str(Budget.parse("2ms")))


def test_a_relative_budget_is_told_in_milliseconds_too() -> None:
    slow = candidate("slow", median=7.0, verdict=Verdict.MISSED)
    told = nothing_meets(Measured((slow,), 1.5, latency("resnet18", 3.0)), Budget.parse("0.5x resnet18"))
    assert told.startswith("nothing meets the budget of 0.5x resnet18 (1.500 ms): ")


def test_the_rule_can_be_stated() -> None:
    assert "these the 4 with the most" in RULE.format(count=4)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 4)])
def test_half_of_a_rung_goes_on(before: int, after: int) -> None:
    assert halved([candidate(str(index)) for index in range(before)]) == after
