"""The latency of networks that were never measured.

A row that stands in the table has its typical time there. Any other is the sum of its units: those in the table their
typical times, the others an estimate from units of their kind (a straight line through the logarithms of what they
compute and move, and a forest of random trees on what the line leaves).

Sums of traced times are not latencies: telling the time of every kernel takes time itself, and something lies between
kernels. Three numbers, from the networks that were both traced and measured whole, put that right: what tracing adds
to a kernel, a factor, and what an inference costs beside its kernels.

How far off predictions are is not assumed either: the measured networks are left out in turns, predicted from the
rest, and the errors give the interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from edgewise.blocks import Row
from edgewise.costs.units import Reads, Unit, reads_of, units_of_row
from edgewise.devices.intervals import quantile
from edgewise.devices.prediction.attribution import UnitTime
from edgewise.devices.prediction.features import features, group
from edgewise.devices.prediction.reach import Reach
from edgewise.devices.prediction.table import TYPICAL, Entry, LatencyTable, MeasuredNetwork, row_key
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture

if TYPE_CHECKING:
    import numpy as np

FEWEST = 8
"""With fewer whole networks nothing can be said about the error."""

_FOLDS = 5
_TREES = 200
_FOREST_FROM = 30
_LEVEL = 0.95
_MOSTLY = 0.5
_SHORTEST_US = 0.2
"""Whole microseconds are all that some runtimes tell; shorter times are noise, and their logarithms large."""


@dataclass(frozen=True)
class Prediction:
    """A latency in ms, the interval that 95% of predictions of this kind are right within, and how well its rows are
    known: the share of its time that was looked up rather than estimated.

    `beyond` says that most of it was estimated for a network unlike those of the table, in its input or its
    multiply-adds: the interval was measured among those, and tells nothing of how far off this one is.
    """

    ms: float
    low_ms: float
    high_ms: float
    known: float
    beyond: bool = False


@dataclass(frozen=True)
class Accuracy:
    """How far predictions of left-out networks are from what was measured of them.

    `error` is the mean of |predicted / measured − 1|, `within_10` the share of those below 10%, `noise` the same mean
    between two halves of the measurement itself: the whole measurement is steadier than its halves.
    """

    networks: int
    error: float
    within_10: float
    noise: float


class Predictor:
    """Predicts in the setting of one table. Raises `EdgewiseError` for a table with too few networks."""

    def __init__(self, table: LatencyTable) -> None:
        measured = [one for one in table.networks.values() if one.rounds_ms]
        traced = [one for one in measured if one.traced]
        if len(traced) < FEWEST:
            raise EdgewiseError(
                f"the latency table of {table.setting} has {len(traced)} networks and predicting takes {FEWEST} or "
                "more; measure some with: edgewise device table"
            )
        self.setting = table.setting
        self.noise = noise(measured)
        self._table = table
        self._traced = traced
        self._model = _Model(table, traced)

    @cached_property
    def _errors(self) -> list[float]:
        # Six models more than a latency takes: a search, which asks for latencies alone, has no use for them.
        return _left_out(self._table, self._traced)

    @cached_property
    def accuracy(self) -> Accuracy:
        """How far it is off for networks it has not seen."""
        return Accuracy(
            networks=len(self._errors),
            error=fmean(map(abs, self._errors)),
            within_10=fmean(abs(error) <= 0.1 for error in self._errors),
            noise=self.noise,
        )

    @cached_property
    def reach(self) -> Reach:
        """What the networks of the table are like, among which the error was measured."""
        return Reach.of([one.architecture for one in self._traced])

    @property
    def tracing_us(self) -> float:
        """What telling the time of a kernel was found to add to it, in µs."""
        return self._model.per_kernel

    def expected_ms(self, architecture: Architecture) -> float:
        """The latency of `architecture` at batch 1, in ms, without how sure it is: that takes some seconds, once."""
        return self._model.predict(architecture)[0]

    def predict(self, architecture: Architecture) -> Prediction:
        """The latency of `architecture`, at batch 1."""
        ms, known = self._model.predict(architecture)
        low = quantile(self._errors, (1 - _LEVEL) / 2)
        high = quantile(self._errors, (1 + _LEVEL) / 2)
        beyond = known < _MOSTLY and architecture not in self.reach
        # An error is prediction over truth, less one: the truth is below where predictions are too high.
        return Prediction(ms, ms / (1 + max(high, 0.0)), ms / (1 + min(low, 0.0)), known, beyond)


def noise(networks: Iterable[MeasuredNetwork]) -> float:
    """The mean relative difference between the odd and the even rounds of the networks."""
    halves = [
        (quantile(one.rounds_ms[0::2], TYPICAL), quantile(one.rounds_ms[1::2], TYPICAL))
        for one in networks
        if len(one.rounds_ms) > 1
    ]
    return fmean(abs(one / other - 1) for one, other in halves) if halves else 0.0


def _left_out(table: LatencyTable, networks: Sequence[MeasuredNetwork]) -> list[float]:
    """The relative errors of predicting each network from a table that knows only the networks of other folds: a row
    that others have too is known from them, and from nothing that was timed in the network itself."""
    errors: list[float] = []
    for fold in range(_FOLDS):
        left_out = networks[fold::_FOLDS]
        rest = [one for one in networks if one not in left_out]
        model = _Model(table, rest)
        errors += [model.predict(one.architecture)[0] / one.ms - 1 for one in left_out]
    return errors


class _Model:
    """The rows of `networks` as far as the table has them, estimates for others, and the calibration on `networks`."""

    def __init__(self, table: LatencyTable, networks: Sequence[MeasuredNetwork]) -> None:
        digests = {one.architecture.digest for one in networks}
        entries = {
            key: replace(entry, times=inside)
            for key, entry in table.entries.items()
            if (inside := tuple(one for one in entry.times if one.network in digests))
        }
        self.per_kernel = _tracing_us(entries, networks)
        self._rows: dict[str, float] = {}
        self._sums: dict[str, tuple[float, float]] = {}
        times: dict[str, list[float]] = {}
        known: dict[str, Unit] = {}
        for key, entry in entries.items():
            clean = [[self._clean(unit) for unit in one.units] for one in entry.times]
            self._rows[key] = quantile([sum(times) for times in clean], TYPICAL)
            for unit, us in zip(units_of_row(entry.row, entry.reads), zip(*clean, strict=True), strict=True):
                known[unit.key] = unit
                times.setdefault(unit.key, []).extend(us)
        self._units = {key: quantile(us, TYPICAL) for key, us in times.items()}
        self._estimates = _Estimates([(known[key], us) for key, us in self._units.items()])
        sums = [self._sum(one.architecture)[0] for one in networks]
        self._offset, self._factor = relative_fit([[1.0, one] for one in sums], [one.ms for one in networks])

    def predict(self, architecture: Architecture) -> tuple[float, float]:
        """The latency in ms, and the share of it that was looked up."""
        total, known = self._sum(architecture)
        return max(self._offset + self._factor * total, 1e-6), known

    def _clean(self, unit: UnitTime) -> float:
        return max(unit.us - self.per_kernel * unit.kernels, 0.0)

    def _sum(self, architecture: Architecture) -> tuple[float, float]:
        """What the rows take together, in ms, and the share of it that was looked up."""
        rows = [(row_key(row, reads), row, reads) for row, reads in _rows(architecture)]
        self._learn({key: units_of_row(row, reads) for key, row, reads in rows if key not in self._sums})
        looked_up = sum(self._sums[key][0] for key, _, _ in rows)
        total = looked_up + sum(self._sums[key][1] for key, _, _ in rows)
        return total / 1000, looked_up / total if total else 1.0

    def _learn(self, rows: Mapping[str, Sequence[Unit]]) -> None:
        """Keeps of rows that were not asked for before, by their units, what is looked up and what is estimated: a
        search asks for the same rows thousands of times, and trees answer slowly."""
        unknown: list[tuple[str, Unit]] = []
        for key, units in rows.items():
            us = self._rows.get(key)
            self._sums[key] = (0.0 if us is None else us), 0.0
            if us is None:
                times = [(unit, self._units.get(unit.key)) for unit in units]
                self._sums[key] = sum(us for _, us in times if us is not None), 0.0
                unknown += [(key, unit) for unit, us in times if us is None]
        for (key, _), us in zip(unknown, self._estimates([unit for _, unit in unknown]), strict=True):
            looked_up, estimated = self._sums[key]
            self._sums[key] = looked_up, estimated + us


def _tracing_us(entries: Mapping[str, Entry], networks: Sequence[MeasuredNetwork]) -> float:
    """What tracing adds to a kernel, in µs: by how much the traced times of a network exceed its latency, for each."""
    columns: list[list[float]] = []
    for one in networks:
        times = [entries[row_key(row, reads)].times for row, reads in _rows(one.architecture)]
        us = sum(quantile([row.us for row in rows], TYPICAL) for rows in times)
        kernels = sum(median(row.kernels for row in rows) for rows in times)
        columns.append([1.0, us / 1000, kernels / 1000])
    _, factor, added = relative_fit(columns, [one.ms for one in networks])
    return max(-added / factor, 0.0) if factor > 0 else 0.0


class _Estimates:
    """The time of units by kind: a line through logarithms, and trees on its residuals."""

    def __init__(self, known: Sequence[tuple[Unit, float]]) -> None:
        import numpy as np

        together: dict[str, list[tuple[Unit, float]]] = {}
        for unit, us in known:
            together.setdefault(group(unit), []).append((unit, us))
        self._known = together
        self._groups: dict[str, _Group] = {}
        self._any = float(np.median([us for _, us in known])) if known else 0.0

    def __call__(self, asked: Sequence[Unit]) -> list[float]:
        """In µs, in the order asked."""
        found = [self._any] * len(asked)
        together: dict[str, list[int]] = {}
        for place, unit in enumerate(asked):
            together.setdefault(group(unit), []).append(place)
        for name, places in together.items():
            if name in self._known:
                group_of = self._groups.get(name) or self._groups.setdefault(name, _Group(self._known[name]))
                for place, us in zip(places, group_of([asked[place] for place in places]), strict=True):
                    found[place] = us
        return found


class _Group:
    def __init__(self, known: Sequence[tuple[Unit, float]]) -> None:
        import numpy as np
        from sklearn.ensemble import ExtraTreesRegressor
        from sklearn.linear_model import Ridge
        from sklearn.preprocessing import StandardScaler

        x = np.array([features(unit) for unit, _ in known])
        y = np.log(np.maximum([us for _, us in known], _SHORTEST_US))
        self._scaler = StandardScaler().fit(x)
        self._line = Ridge(alpha=0.1).fit(self._scaler.transform(x), y)
        self._range = float(y.min()), float(y.max())
        self._trees: Any = None
        if len(known) >= _FOREST_FROM:
            left = y - self._along_the_line(x)
            self._trees = ExtraTreesRegressor(_TREES, min_samples_leaf=2, random_state=0, n_jobs=1).fit(x, left)

    def __call__(self, asked: Sequence[Unit]) -> list[float]:
        import numpy as np

        x = np.array([features(unit) for unit in asked])
        y = self._along_the_line(x)
        if self._trees is not None:
            y = y + self._trees.predict(x)
        # A line through few units may point anywhere: no further than a factor of four beyond what was seen.
        low, high = self._range
        return np.exp(np.clip(y, low - np.log(4), high + np.log(4))).tolist()

    def _along_the_line(self, x: np.ndarray) -> np.ndarray:
        """What the line says, row by row: a matrix product rounds a row by how many stand beside it, and a search that
        goes on asks in another order than one that was never stopped."""
        return (self._scaler.transform(x) * self._line.coef_).sum(1) + self._line.intercept_


def relative_fit(rows: Sequence[Sequence[float]], y: Sequence[float]) -> list[float]:
    """The coefficients by which the columns of `rows` sum to `y` with the least squares of relative errors, outliers
    weighing less (a few networks were disturbed)."""
    import numpy as np

    columns, wanted = np.array(rows), np.array(y)
    weights = 1 / wanted
    found = np.zeros(columns.shape[1])
    for _ in range(10):
        found, *_ = np.linalg.lstsq(columns * weights[:, None], wanted * weights, rcond=None)
        weights = np.sqrt(_huber(np.abs(columns @ found / wanted - 1))) / wanted
    return found.tolist()


def _huber(errors: np.ndarray) -> np.ndarray:
    import numpy as np

    middle = max(1.5 * float(np.median(errors)), 1e-3)
    return np.minimum(1, middle / np.maximum(errors, 1e-9))


def _rows(architecture: Architecture) -> list[tuple[Row, Reads]]:
    return list(zip(architecture.rows, reads_of(architecture), strict=True))
