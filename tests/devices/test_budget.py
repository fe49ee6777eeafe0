from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.devices import Budget, Latency, Verdict
from edgewise.errors import EdgewiseError

_AMOUNTS = st.floats(1e-6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("5ms", 5),
        (" 5 ms ", 5),
        ("800us", 0.8),
        ("800µs", 0.8),
        ("0.005s", 5),
        (".5ms", 0.5),
        ("5.ms", 5),
        ("1e-3s", 1),
    ],
)
def test_times_are_read(text, milliseconds):
    assert Budget.parse(text).milliseconds == pytest.approx(milliseconds)


@pytest.mark.parametrize("text", ["0.6x mobilenet_v2", "0.6 x mobilenet_v2", "0.6xmobilenet_v2", "0.6× mobilenet_v2"])
def test_shares_of_a_model_are_read(text):
    assert Budget.parse(text) == Budget(factor=0.6, reference="mobilenet_v2")


@pytest.mark.parametrize(
    "text",
    ["", "5", "ms", "-5ms", "5 m", "5MS", "0ms", "0x resnet50", "1e999ms", "nanms", "infs", "0,5ms", "0.6x", "x model",
     "5ms please", "0.6x 3", "٥ms", "5ms\n6ms"],
)  # fmt: skip
def test_anything_else_is_a_sentence(text):
    with pytest.raises(EdgewiseError, match="write a time such as 5ms"):
        Budget.parse(text)


@given(st.text(max_size=20))
def test_no_text_raises_anything_but_a_sentence(text):
    try:
        budget = Budget.parse(text)
    except EdgewiseError:
        return
    assert (budget.milliseconds is None) == (budget.reference is not None)


@given(_AMOUNTS, st.from_regex(r"[A-Za-z][A-Za-z0-9_.\-]*", fullmatch=True))
def test_what_is_written_is_read_back(amount, name):
    for budget in (Budget(milliseconds=amount), Budget(factor=amount, reference=name)):
        assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "fields",
    [{}, {"factor": 0.5}, {"reference": "a"}, {"milliseconds": 1.0, "factor": 0.5}, {"milliseconds": -1.0},
     {"milliseconds": float("nan")}, {"factor": float("inf"), "reference": "a"}],
)  # fmt: skip
def test_a_budget_is_one_thing(fields):
    with pytest.raises(EdgewiseError, match="a budget"):
        Budget(**fields)


def test_a_time_is_compared_with_the_interval(latency):
    budget = Budget.parse("5ms")
    assert budget.verdict(latency("under", 4.8, 5.0)) is Verdict.MET
    assert budget.verdict(latency("across", 4.8, 5.1)) is Verdict.UNDECIDED
    assert budget.verdict(latency("at", 5.0, 5.2)) is Verdict.UNDECIDED
    assert budget.verdict(latency("over", 5.01, 5.2)) is Verdict.MISSED
    assert budget.meets(latency("under", 4.8, 5.0))
    assert not budget.meets(latency("across", 4.8, 5.1))


def test_a_share_is_compared_with_the_reference_and_its_interval(latency):
    budget = Budget.parse("0.5x big")
    big = latency("big", 9.8, 10.2, median=10.0)
    assert budget.limit_ms(big) == 5.0
    assert budget.verdict(latency("under", 4.8, 4.89), big) is Verdict.MET
    assert budget.verdict(latency("between", 4.9, 5.0), big) is Verdict.UNDECIDED
    assert budget.verdict(latency("over", 5.2, 5.3), big) is Verdict.MISSED


def test_a_share_without_its_reference_is_a_sentence(latency):
    budget = Budget.parse("0.5x big")
    with pytest.raises(EdgewiseError, match="needs big measured beside it, but has nothing"):
        budget.limit_ms()
    with pytest.raises(EdgewiseError, match="but has small"):
        budget.meets(latency("a", 1, 2), latency("small", 1, 2))


@given(_AMOUNTS, _AMOUNTS, st.floats(0, 10))
def test_the_verdicts_follow_the_interval(latency, limit, low, width):
    verdict = Budget(milliseconds=limit).verdict(latency("a", low, low + width))
    assert (verdict is Verdict.MET) == (low + width <= limit)
    assert (verdict is Verdict.MISSED) == (low > limit)


def test_too_few_rounds_decide_nothing(latency: Callable[..., Latency]) -> None:
    one = dataclasses.replace(latency("alone", 1.0, 1.0), rounds=1)
    assert Budget.parse("5ms").verdict(one) is Verdict.UNDECIDED
    assert Budget.parse("0.5ms").verdict(one) is Verdict.UNDECIDED
    assert Budget.parse("5ms").verdict(dataclasses.replace(one, rounds=6)) is Verdict.MET
