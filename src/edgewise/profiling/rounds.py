"""What networks take on a machine that others slow down: the K-best scheme (Bryant and O'Hallaron, Computer Systems: A
Programmer's Perspective, on measuring program execution time), for several networks in turns.

Neighbours of a virtual machine, and whatever else shares its caches, slow inferences down by a third and more, now one
network and now the other; they never make one faster. So the fastest inferences are those that nothing disturbed, and
when a few of them agree, more of them would say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean

import numpy as np

KEPT = 3
"""So many rounds of a network have to agree, the fastest ones."""

WITHIN = 0.01
"""By so much of the fastest they may differ."""

FEWEST, MOST = 8, 60
"""So many rounds there are."""

Round = Mapping[str, float]
"""Of every network the fastest inference of a few, in ms."""


def k_best(timed: Callable[[Sequence[str]], Round], names: Sequence[str]) -> dict[str, float]:
    """What each of `names` takes, in ms: the mean of its `KEPT` fastest rounds. There are rounds until these agree for
    every network, or there are `MOST`. `timed` times the networks in the order that it is given, another every time."""
    random = np.random.default_rng(0)
    listed = list(names)
    fastest: dict[str, list[float]] = {name: [] for name in listed}
    for number in range(1, MOST + 1):
        for name, ms in timed([listed[place] for place in random.permutation(len(listed))]).items():
            fastest[name] = sorted([*fastest[name], ms])[:KEPT]
        if number >= FEWEST and all(best[-1] <= best[0] * (1 + WITHIN) for best in fastest.values()):
            break
    return {name: mean(best) for name, best in fastest.items()}
