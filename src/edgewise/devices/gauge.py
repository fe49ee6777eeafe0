"""How fast the machine is at this moment, by the time of a network that is always the same.

On a shared machine what others do to caches, memory bandwidth and clock frequency makes everything slower by a third
for a second or two, and shows in no counter of ours: no switch of context, no time stolen. It shows in the time of
anything that is run again and again. So a small network is timed between all others, and what lies between two slow
readings is not believed.
"""

from __future__ import annotations

from edgewise.devices.intervals import quantile
from edgewise.devices.sessions import Sessions
from edgewise.devices.variants import Variant

_BLOCK_NS = 3e6
_TOLERATED = 1.06
_QUIET = 0.1
_FIRST = 20


class Gauge:
    """Readings of one variant, in ms, by `sessions`, in which it is loaded."""

    def __init__(self, sessions: Sessions, variant: Variant) -> None:
        self._sessions = sessions
        self._variant = variant
        self._readings: list[float] = []
        for _ in range(_FIRST):
            self.read()

    def read(self) -> bool:
        """Takes a reading; whether the machine is as fast now as it is at its best."""
        iterations = self._sessions.iterations(self._variant, _BLOCK_NS)
        block = self._sessions.time(self._variant, iterations)
        times = block.cpu_ns if self._variant.threads == 1 and block.cpu_ns else block.wall_ns
        self._readings.append(quantile(times, 0.5) / 1e6)
        # Of the latest readings: a machine that has grown hot or was given another clock is not slow for ever.
        best = quantile(self._readings[-500:], _QUIET)
        return self._readings[-1] <= _TOLERATED * best

    @property
    def quiet_share(self) -> float:
        """The share of all readings that were near the best."""
        best = quantile(self._readings, _QUIET)
        return sum(one <= _TOLERATED * best for one in self._readings) / len(self._readings)
