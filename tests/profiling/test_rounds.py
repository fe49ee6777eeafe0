"""Which rounds of networks timed side by side count."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edgewise.profiling import rounds
from edgewise.profiling.rounds import Round, quiet_rounds

NAMES = ("known", "other")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which are not waited for."""
    waited: list[float] = []
    monkeypatch.setattr(rounds.time, "sleep", waited.append)
    return waited


class Machine:
    """Takes 1 ms for the known network and 0.5 for the other; in the rounds `slow` twice and three times that."""

    def __init__(self, *slow: int) -> None:
        self._slow = slow
        self.orders: list[tuple[str, ...]] = []

    def __call__(self, order: Sequence[str]) -> Round:
        slow = len(self.orders) in self._slow
        self.orders.append(tuple(order))
        return {"known": 2.0, "other": 1.5} if slow else {"known": 1.0, "other": 0.5}


QUIET = {"known": 1.0, "other": 0.5}


def test_quiet_rounds_are_taken_as_they_come(waits: list[float]) -> None:
    machine = Machine()
    assert quiet_rounds(machine, NAMES, 10) == [QUIET] * 10
    assert set(machine.orders) == {NAMES, NAMES[::-1]}
    assert not waits


def test_a_slow_spell_does_not_count(waits: list[float]) -> None:
    machine = Machine(3, 4, 5)
    assert quiet_rounds(machine, NAMES, 10) == [QUIET] * 10
    assert len(machine.orders) == 13
    assert len(waits) == 3


def test_what_began_in_a_slow_spell_is_found_out(waits: list[float]) -> None:
    assert quiet_rounds(Machine(0, 1, 2), NAMES, 4) == [QUIET] * 4
    assert not waits  # nobody could know
    assert quiet_rounds(Machine(0, 1, 2), NAMES, 4, best_ms=1.0) == [QUIET] * 4
    assert len(waits) == 3


def test_a_machine_that_has_become_slower_is_measured_all_the_same(waits: list[float]) -> None:
    machine = Machine(*range(100))
    assert quiet_rounds(machine, NAMES, 8, best_ms=1.0) == [{"known": 2.0, "other": 1.5}] * 8
    assert len(machine.orders) == 24
    assert len(waits) == 12  # and not waited for without end
