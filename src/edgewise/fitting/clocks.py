"""Where latencies come from: measured here, or predicted for another device from its profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self

from edgewise.deploy import build, random_tensors
from edgewise.deploy.suppression import shipped
from edgewise.devices import Latency, Variant, measure_variants, screen_variants
from edgewise.devices.intervals import FEWEST
from edgewise.devices.prediction import Predictor
from edgewise.devices.prediction.table import tables_of
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import EdgewiseError
from edgewise.fitting.combinations import AUTO, PRECISIONS, Combination, allows
from edgewise.papers import Architecture

Failed = Callable[[str, Combination, EdgewiseError], None]
"""Called with the name of what could not be timed, where, and why."""


@dataclass(frozen=True)
class Timed:
    """An architecture to be timed, by the name its latency will have, in one runtime and precision."""

    name: str
    architecture: Architecture
    combination: Combination


class Clock(Protocol):
    """A source of latencies, for one number of threads."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    @property
    def allowed(self) -> tuple[Combination, ...]:
        """The runtimes and precisions that may be deployed in, floating point first."""
        ...

    @property
    def device(self) -> str | None:
        """The device that latencies are predicted for; None where they are measured on this one."""
        ...

    @property
    def remarks(self) -> list[str]:
        """What there is to say of its latencies."""
        ...

    def screen(self, subjects: Sequence[Timed], failed: Failed | None = None) -> list[Latency]:
        """Rough latencies, in order, of those that did not fail."""
        ...

    def measure(self, subjects: Sequence[Timed], seconds: float) -> list[Latency]:
        """The latencies that decide, in order, found side by side in up to `seconds`."""
        ...

    def measure_artifacts(
        self, artifacts: Sequence[Variant], architecture: Architecture, beside: Timed | None, seconds: float
    ) -> list[Latency]:
        """The latencies of `artifacts` of one architecture, and, last, of what is to be timed beside them."""
        ...


class MeasuringClock:
    """Measures on this machine, with random weights for architectures, while it is used as a context manager: its
    artifacts live no longer."""

    device = None

    def __init__(self, allowed: Sequence[Combination], threads: int) -> None:
        self.remarks: list[str] = []
        self.allowed = tuple(allowed)
        self._threads = threads
        self._artifacts = ExitStack()
        self._folder = Path()
        self._made: dict[tuple[str, Combination], Path] = {}

    def __enter__(self) -> Self:
        self._folder = Path(self._artifacts.enter_context(TemporaryDirectory()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._artifacts.close()

    def screen(self, subjects: Sequence[Timed], failed: Failed | None = None) -> list[Latency]:
        def told(variant: Variant, error: EdgewiseError) -> None:
            assert failed is not None
            failed(variant.name, (variant.runtime, variant.precision), error)

        return screen_variants(self._variants(subjects), failed=told if failed else None)

    def measure(self, subjects: Sequence[Timed], seconds: float) -> list[Latency]:
        return measure_variants(self._variants(subjects), max_seconds=seconds)

    def measure_artifacts(
        self, artifacts: Sequence[Variant], architecture: Architecture, beside: Timed | None, seconds: float
    ) -> list[Latency]:
        return measure_variants([*artifacts, *self._variants([beside] if beside else [])], max_seconds=seconds)

    def _variants(self, subjects: Sequence[Timed]) -> list[Variant]:
        return [Variant(one.name, self._artifact(one), *one.combination, self._threads) for one in subjects]

    def _artifact(self, one: Timed) -> Path:
        """Made when it is first asked for."""
        runtime, precision = one.combination
        key = (one.architecture.digest, one.combination)
        if key not in self._made:
            tensors, name = random_tensors(one.architecture), one.architecture.digest[:16]
            made = build(one.architecture, tensors, self._folder, name, runtime=runtime, precision=precision)
            self._made[key] = shipped(made, one.architecture.task)
        return self._made[key]


class PredictingClock:
    """Predicts for the device of a profile, in the settings its latency tables were measured in.

    Raises `EdgewiseError` where the profile has no table for the threads, runtimes and precision that are asked for.
    """

    def __init__(self, profile: DeviceProfile, runtimes: Sequence[str], precision: str, threads: int) -> None:
        if precision not in PRECISIONS:
            raise EdgewiseError(f"there is no precision {precision!r}; choose one of: {', '.join(PRECISIONS)}")
        tables = tables_of(profile)
        usable = [
            one
            for one in tables
            if one.setting.threads == threads
            and (AUTO in runtimes or one.setting.runtime in runtimes)
            and allows(precision, one.setting.precision)
        ]
        if not usable:
            have = "; ".join(str(one.setting) for one in tables) or "none at all"
            raise EdgewiseError(
                f"the device profile has no latency table for {_asked(runtimes, precision)} on {threads} "
                f"thread{'s' if threads > 1 else ''}; it has: {have}"
            )
        # Floating point first; of two versions of a runtime the one that more is known of.
        usable.sort(key=lambda one: (one.setting.precision.startswith("int8"), len(one.networks)))
        self.device: str | None = str(profile.machine.get("cpu") or profile.machine.get("architecture"))
        self._predictors = {(one.setting.runtime, one.setting.precision): Predictor(one) for one in usable}
        self.allowed = tuple(self._predictors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """There is nothing to put away."""

    @property
    def remarks(self) -> list[str]:
        return [
            f"latencies are predicted for {self.device}, {one.setting}: {100 * one.accuracy.error:.1f}% off in the "
            f"mean of {one.accuracy.networks} networks left out in turns; two halves of their measurement differ by "
            f"{100 * one.accuracy.noise:.1f}%"
            for one in self._predictors.values()
        ]

    def screen(self, subjects: Sequence[Timed], failed: Failed | None = None) -> list[Latency]:
        return [self._latency(one) for one in subjects]

    def measure(self, subjects: Sequence[Timed], seconds: float) -> list[Latency]:
        return [self._latency(one) for one in subjects]

    def measure_artifacts(
        self, artifacts: Sequence[Variant], architecture: Architecture, beside: Timed | None, seconds: float
    ) -> list[Latency]:
        subjects = [Timed(one.name, architecture, (one.runtime, one.precision)) for one in artifacts]
        # What no table is for cannot be told apart from the others by its latency.
        known = [one for one in subjects if one.combination in self._predictors]
        if not known:
            told = " and ".join(sorted({" ".join(one.combination) for one in subjects}))
            raise EdgewiseError(f"the device profile has no latency table for {told}; import one, or allow its own")
        return [self._latency(one) for one in (*known, *([beside] if beside else []))]

    def _latency(self, one: Timed) -> Latency:
        predictor = self._predictors[one.combination]
        made = predictor.predict(one.architecture)
        networks = predictor.accuracy.networks
        return Latency(
            name=one.name,
            median_ms=made.ms,
            p10_ms=made.low_ms,
            low_ms=made.low_ms,
            high_ms=made.high_ms,
            spread=predictor.accuracy.error,
            rounds=max(networks, FEWEST),
            iterations=0,
            cpu_median_ms=None,
            disturbed=0,
            unquiet=0,
            settled=True,
            runtime=predictor.setting.runtime,
            threads=predictor.setting.threads,
            precision=predictor.setting.precision,
            runtime_version=predictor.setting.runtime_version,
            predicted=True,
        )


def _asked(runtimes: Sequence[str], precision: str) -> str:
    """The runtimes and the precision that were asked for, in words."""
    if AUTO in runtimes:
        return "any runtime and precision" if precision == AUTO else f"any runtime in {precision}"
    return f"{' or '.join(runtimes)} in {'any precision' if precision == AUTO else precision}"
