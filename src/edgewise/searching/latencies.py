"""What networks of a space take: as the gauge expects, or measured one by one and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling.gauge import Gauge
from edgewise.searching.known_numbers import KnownNumbers
from edgewise.searching.space import Space

NETWORKS = 60
"""How many random networks of a space a latency table is filled with."""

_DRAWN = 20


class MeasuredLatencies:
    """Latencies in ms of whole networks by `gauge`, each measured once: they are kept in the file `path`."""

    def __init__(self, gauge: Gauge, path: Path) -> None:
        self._gauge, self._known = gauge, KnownNumbers(path, again="measure")

    def __call__(self, architectures: Sequence[Architecture]) -> list[float]:
        """Those of `architectures`, side by side where they are not known yet."""
        new = {one.digest: one for one in architectures if one.digest not in self._known}
        if new:
            self._known.add(dict(zip(new, self._gauge.measured(list(new.values())), strict=True)))
        return [self._known[one.digest] for one in architectures]


class FewNetworks:
    """The gauge of a space of so few `networks` that nothing can be predicted from them: what is expected of one is
    what was measured of it, side by side with all others. Keeps that in the file `path`."""

    here = True

    def __init__(self, gauge: Gauge, networks: Sequence[Architecture], path: Path) -> None:
        self._gauge, self._networks = gauge, networks
        self._known = MeasuredLatencies(gauge, path)

    def expected(self, architecture: Architecture) -> float:
        self._known(self._networks)
        return self._known([architecture])[0]

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        return self._gauge.measured(architectures)

    def glanced(self, architectures: Sequence[Architecture]) -> list[float]:
        return self._gauge.glanced(architectures)

    def settle(self, architecture: Architecture, ms: float) -> None:
        self._gauge.settle(architecture, ms)


def samples(space: Space, count_of_them: int = NETWORKS) -> list[Architecture]:
    """Random networks of the space from everywhere between few and many multiply-adds, the middle one first."""
    random = np.random.default_rng(0)
    found: dict[str, Architecture] = {}
    for _ in range(_DRAWN * count_of_them):
        if len(found) == 4 * count_of_them:
            break
        try:
            made = space.architecture(space.sample(random))
            found.setdefault(made.digest, made)
        except EdgewiseError:  # this point is no network
            continue
    if not found:
        raise EdgewiseError(f"hardly any point of the space {space.name} is a network; look at what it builds")
    ordered = sorted(found.values(), key=lambda one: count(one).multiply_adds)
    places = np.linspace(0, len(ordered) - 1, min(count_of_them, len(ordered))).round().astype(int)
    chosen = [ordered[place] for place in places]
    return sorted(chosen, key=lambda one: one is not chosen[len(chosen) // 2])  # stable
