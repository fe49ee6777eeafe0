"""What networks take that are timed side by side on a machine which is not always quiet."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edgewise.profiling.rounds import FEWEST, MOST, Round, k_best

NAMES = ("one", "other")


class Machine:
    """Takes 1 ms for one network and 0.5 for the other; in disturbed rounds more, and each has its own of these."""

    def __init__(self, slow: Sequence[int] = (), slow_other: Sequence[int] = ()) -> None:
        self._slow, self._slow_other = set(slow), set(slow_other)
        self.orders: list[tuple[str, ...]] = []

    def __call__(self, order: Sequence[str]) -> Round:
        number = len(self.orders)
        self.orders.append(tuple(order))
        return {
            "one": 2.0 + number / 10 if number in self._slow else 1.0,
            "other": 0.7 + number / 10 if number in self._slow_other else 0.5,
        }


QUIET = {"one": 1.0, "other": 0.5}


def test_a_quiet_machine_needs_few_rounds() -> None:
    machine = Machine()
    assert k_best(machine, NAMES) == QUIET
    assert len(machine.orders) == FEWEST
    assert set(machine.orders) == {NAMES, NAMES[::-1]}


def test_disturbed_rounds_do_not_count_whomever_they_disturb() -> None:
    assert k_best(Machine(slow=range(5), slow_other=range(3, 8)), NAMES) == QUIET


def test_there_are_rounds_until_a_few_were_quiet() -> None:
    machine = Machine(slow=range(20))
    assert k_best(machine, NAMES) == QUIET
    assert len(machine.orders) == 23


def test_a_machine_that_is_never_quiet_is_measured_all_the_same() -> None:
    machine = Machine(slow=range(100))
    assert k_best(machine, NAMES) == pytest.approx({"one": 2.1, "other": 0.5})
    assert len(machine.orders) == MOST
