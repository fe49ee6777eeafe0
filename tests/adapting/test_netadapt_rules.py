"""How much a step cuts and which proposal it takes, in both forms."""

from __future__ import annotations

import pytest

from edgewise.adapting.rules import Outcome, form_of, least_cut, steps_left, winner
from edgewise.errors import EdgewiseError

BEFORE = Outcome("before", 0.80, 10.0)


def test_the_papers_steps_shrink_and_mobilenet_v3s_do_not() -> None:
    assert [least_cut("netadapt", 10.0, step) for step in (1, 2, 3)] == pytest.approx([0.25, 0.24, 0.2304])
    assert [least_cut("mobilenet_v3", 10.0, step) for step in (1, 5)] == [0.1, 0.1]


def test_how_many_steps_are_left() -> None:
    assert steps_left("mobilenet_v3", 10.0, 4, 9.0, 8.45) == 6
    assert steps_left("netadapt", 10.0, 0, 10.0, 9.28) == 3
    assert steps_left("netadapt", 10.0, 2, 9.0, 9.0) == 0
    assert steps_left("netadapt", 10.0, 0, 10.0, 3.0) is None  # all its steps together cut 62.5%


def test_the_paper_takes_the_most_accurate() -> None:
    outcomes = [Outcome("a", 0.78, 9.0), Outcome("b", 0.79, 9.7), Outcome("c", 0.79, 9.1)]
    assert winner("netadapt", BEFORE, outcomes).name == "c"  # of equals the fastest


def test_mobilenet_v3_takes_the_least_loss_for_a_millisecond() -> None:
    outcomes = [Outcome("a", 0.79, 9.8), Outcome("b", 0.77, 9.0), Outcome("c", 0.76, 9.0)]
    assert winner("mobilenet_v3", BEFORE, outcomes).name == "b"  # 3% for 1 ms, not 1% for 0.2


def test_of_proposals_that_lose_nothing_the_largest_cut_wins() -> None:
    outcomes = [Outcome("a", 0.83, 9.8), Outcome("b", 0.80, 9.0), Outcome("c", 0.81, 9.0), Outcome("d", 0.5, 1.0)]
    assert winner("mobilenet_v3", BEFORE, outcomes).name == "c"


def test_of_equals_the_first() -> None:
    outcomes = [Outcome("a", 0.79, 9.5), Outcome("b", 0.79, 9.5)]
    assert winner("netadapt", BEFORE, outcomes).name == "a"
    assert winner("mobilenet_v3", BEFORE, outcomes).name == "a"


def test_an_unknown_form_is_told() -> None:
    with pytest.raises(EdgewiseError, match=r"there is no form 'best'; choose one of: netadapt, mobilenet_v3"):
        form_of("best")
