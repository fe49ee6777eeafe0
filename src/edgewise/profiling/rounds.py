"""Rounds in which networks are timed side by side: those while the machine was slower for everybody are left out.

Neighbours of a virtual machine, and whatever else shares its caches, slow networks down by different shares: two
networks keep the ratio of their latencies only among quiet rounds. Such a spell lasts for seconds, longer than it takes
to compare two small networks, and does not show in the processor time that other processes here have used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

SLOWER = 0.05
"""By this share of its best a network that is known may be slower in a round that counts."""

_MOST = 3
_WAIT_SECONDS = 0.25
_WAITS = 12
"""So often a call waits: a machine that is never quiet is not waited for."""

Round = Mapping[str, float]
"""A latency of every network, in ms."""


def quiet_rounds(
    timed: Callable[[Sequence[str]], Round], names: Sequence[str], rounds: int, best_ms: float | None = None
) -> list[Round]:
    """`rounds` in which the first of `names` was within `SLOWER` of its best: `best_ms`, what it took before, or the
    least it takes now. The first dozen others are each followed by a short wait; where there are too few after three
    times as many rounds, those count in which it was fastest. `timed` times networks in the order that it is given."""
    random = np.random.default_rng(0)
    listed = list(names)
    known = listed[0]
    made: list[Round] = []
    while len(made) < _MOST * rounds:
        made.append(timed([listed[place] for place in random.permutation(len(listed))]))
        best_ms = min(made[-1][known], best_ms or np.inf)
        quiet = [one for one in made if one[known] <= best_ms * (1 + SLOWER)]
        if len(quiet) == rounds:
            return quiet
        if made[-1][known] > best_ms * (1 + SLOWER) and len(made) - len(quiet) <= _WAITS:
            time.sleep(_WAIT_SECONDS)
    return sorted(made, key=lambda one: one[known])[:rounds]
