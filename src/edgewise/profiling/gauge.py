"""What networks take: predicted from a latency table, and measured side by side where the device is here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from edgewise.devices.prediction import LatencyTable, Predictor, Setting
from edgewise.devices.sessions import Sessions
from edgewise.papers import Architecture
from edgewise.profiling.filling import fastest_ms, fill, variant_of
from edgewise.profiling.rounds import Round, k_best
from edgewise.tasks import Tell
from edgewise.training.progress import clock

Others = Callable[[], Sequence[Architecture]]
"""The networks that a table is filled with."""


class Gauge(Protocol):
    """A source of latencies, in ms at batch 1, for networks of one kind: versions of one, or points of a space."""

    @property
    def here(self) -> bool:
        """Whether it can measure."""
        ...

    def expected(self, architecture: Architecture) -> float:
        """What the network is expected to take."""
        ...

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        """What networks take, measured side by side; what is expected where the device is not here."""
        ...

    def glanced(self, architectures: Sequence[Architecture]) -> list[float]:
        """What networks take at a first look, side by side, before any table is filled."""
        ...

    def settle(self, architecture: Architecture, ms: float) -> None:
        """From now on networks are expected to take as much more, or less, than `architecture`, which takes `ms`."""
        ...


class Expecting:
    """Predicts for a device that is not here, in the setting of one of its latency tables."""

    here = False

    def __init__(self, table: LatencyTable) -> None:
        self._predictor = Predictor(table)
        self._scale = 1.0

    def expected(self, architecture: Architecture) -> float:
        return self._scale * self._predictor.expected_ms(architecture)

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        return [self.expected(one) for one in architectures]

    def glanced(self, architectures: Sequence[Architecture]) -> list[float]:
        return self.measured(architectures)

    def settle(self, architecture: Architecture, ms: float) -> None:
        self._scale = ms / self._predictor.expected_ms(architecture)


class Measuring:
    """Measures on this machine, and predicts from a table it fills with `seed` and the networks that `others` gives.

    The table lies in the profile `path`, is filled when it is first needed, and goes on where it was. All latencies are
    relative to those of `seed`, timed in the same rounds: a machine that is slower for a while is so for both. What
    `settle` is told parts from what the table says by more than its noise is timed into the table.
    """

    here = True

    def __init__(self, seed: Architecture, setting: Setting, path: Path, others: Others, tell: Tell) -> None:
        self._seed, self._setting, self._path = seed, setting, path
        self._others, self._tell = others, tell
        self._scale = 1.0

    @cached_property
    def seed_ms(self) -> float:
        """What was measured of the seed into the table, which stays what it is when the table grows."""
        return self._table.networks[self._seed.digest].ms

    def expected(self, architecture: Architecture) -> float:
        return self._scale * self._predictor.expected_ms(architecture)

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        seed_ms = self.seed_ms
        took = self._timed([self._seed, *architectures])
        return [seed_ms * took[one.digest] / took[self._seed.digest] for one in architectures]

    def glanced(self, architectures: Sequence[Architecture]) -> list[float]:
        took = self._timed(architectures)
        return [took[one.digest] for one in architectures]

    def settle(self, architecture: Architecture, ms: float) -> None:
        if abs(self._predictor.expected_ms(architecture) / ms - 1) > max(self._predictor.noise, 0.01):
            self._predictor = Predictor(self._filled([architecture], lambda text: None))
        self._scale = ms / self._predictor.expected_ms(architecture)

    @cached_property
    def _table(self) -> LatencyTable:
        return self._filled([self._seed, *self._others()], self._tell)

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(self._table)

    def _timed(self, architectures: Sequence[Architecture]) -> dict[str, float]:
        """What each takes undisturbed, in ms, by its digest."""
        subjects = {one.digest: one for one in architectures}
        with TemporaryDirectory() as name:
            variants = {digest: variant_of(one, Path(name), self._setting) for digest, one in subjects.items()}
            with Sessions(variants.values()) as sessions:

                def timed(order: Sequence[str]) -> Round:
                    return {digest: fastest_ms(sessions, variants[digest]) for digest in order}

                return k_best(timed, list(variants))

    def _filled(self, networks: Sequence[Architecture], tell: Tell) -> LatencyTable:
        setting = self._setting
        said, first, began = 0, None, time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said, first
            first = done if first is None else first  # what a run before this one had measured
            if done * 10 // total > said:
                said = done * 10 // total
                left = (total - done) * (time.monotonic() - began) / max(1, done - first)
                hint = f"; about {clock(left)} left" if first < done < total else ""
                tell(f"latency table: {10 * said}% of {total} measurements{hint}")

        return fill(
            self._path,
            networks,
            runtime=setting.runtime,
            precision=setting.precision,
            threads=setting.threads,
            progress=progress,
        )
