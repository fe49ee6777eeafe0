"""One search in its folder: everything prepared, trials by workers, and the front measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.data import Dataset
from edgewise.data.decoded import hold_out, write_decoded
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.profiling.gauge import Gauge
from edgewise.searching.archive import DIRECTIONS, Trial, front_of, write_archive
from edgewise.searching.front import front
from edgewise.searching.latencies import MeasuredLatencies
from edgewise.searching.pace import Pace
from edgewise.searching.problem import Problem
from edgewise.searching.searchers.base import Searcher
from edgewise.searching.settings import CACHE, Settings
from edgewise.searching.study import Asked, Study
from edgewise.searching.supernet.extremes import largest, smallest
from edgewise.tasks import Pool, Queue, Task, Tell
from edgewise.training.progress import clock

MODULE = "edgewise.searching.worker"

_UNSURE = 0.02

_FAR_OFF = 0.1

_QUIET_SECONDS = 30.0
"""After so long within a batch the user hears of what is done."""


@dataclass(frozen=True)
class FrontNetwork:
    """A trial of the front, and what its whole network was measured to take, in ms; expected where the device is not
    here."""

    trial: Trial
    ms: float


@dataclass(eq=False)
class SearchRun:
    """The search of `problem` in `folder`. With `measure` every sample's latency is measured, not only the front's.

    `workers` processes evaluate here; others join by `storage`, an Optuna URL, or the folder.
    """

    folder: Path
    settings: Settings
    problem: Problem
    searcher: Searcher
    gauge: Gauge
    seed: int
    measure: bool
    workers: int
    tell: Tell
    storage: str | None = None
    _measured: MeasuredLatencies = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._measured = MeasuredLatencies(self.gauge, self.folder / "measured.json")

    def check_reach(self, budget_ms: float) -> None:
        """A first look, before any table is filled: raises `BudgetError` where even the smallest network of the space
        is slower than the budget, and tells where the largest keeps it."""
        space = self.problem.space
        ends = [space.architecture(end(self.problem)) for end in (smallest, largest)]
        least, most = self.gauge.glanced(ends)
        if least > budget_ms * (1 + _UNSURE):
            raise BudgetError(
                f"the smallest network of {space.name} takes {least:.3g} ms, and {budget_ms:.3g} ms are not to be had "
                f"from it: allow more time, or search narrower networks with a --width below {self.settings.width:g}"
            )
        if most < budget_ms:
            self.tell(
                f"the largest network of {space.name} takes {most:.3g} ms: the budget of {budget_ms:.3g} ms rules "
                f"nothing out; a --width above {self.settings.width:g} would use it"
            )

    def prepare(self, dataset: Dataset) -> None:
        """Decodes the images for all workers, and trains shared weights where they are what networks are judged by."""
        Queue(self.folder, self.storage, DIRECTIONS)  # made by the one who leads, before others look for it
        if self.settings.evaluator == "lookup":
            self.settings.write(self.folder)
            return
        from edgewise.searching.precision import settled
        from edgewise.searching.supernet import preparation

        self.settings = settled(self.settings, self.folder, self.problem, self.tell)
        self.settings.write(self.folder)
        splits = hold_out(dataset.splits["train"], self.seed)
        if not len(splits["holdout"]):
            raise EdgewiseError(f"{dataset.source} has too few training images to hold some out; add images")
        write_decoded(self.folder / CACHE, splits, self.settings.preprocessing)
        if self.settings.evaluator == "supernet":
            preparation.train_shared_weights(self.settings, self.folder, self.problem, self.seed, self.tell)

    def trials(self, count: int, minutes: float | None = None) -> list[Trial]:
        """Up to `count` trials, in up to about `minutes` over all calls; in the archive file too."""
        pace = Pace(self.folder / "seconds.json")
        with self._pool() as pool:
            study = Study(
                self.problem,
                self.searcher,
                evaluate=lambda asked: self._evaluated(pool, asked),
                costs=self._costs if self.measure else None,
                told=lambda trials: self._told(trials, count, pace),
            )
            made = study.run(count, lambda: minutes is not None and pace.seconds > 60 * minutes)
        if len(made) < count:
            why = "the time is up" if minutes is not None and pace.seconds > 60 * minutes else "the space has no more"
            self.tell(f"{why}: {len(made)} trials are all")
        return made

    def front(self, trials: Sequence[Trial]) -> list[FrontNetwork]:
        """The front, its networks measured whole, side by side, without those that this shows to be beaten. Tells where
        a measurement parts from the table."""
        found = front_of(trials)
        if not found:
            raise EdgewiseError("no network could be evaluated; see above for what went wrong")
        architectures = [self.problem.space.architecture(one.point) for one in found]
        if not self.gauge.here:
            self.tell("latencies are those the device's table gives; measure what you choose on the device")
        made = [FrontNetwork(one, ms) for one, ms in zip(found, self._measured(architectures), strict=True)]
        off = max((abs(one.ms / one.trial.cost - 1) for one in made), default=0.0)
        if self.gauge.here and not self.measure:
            why = "; where that matters, --measure measures every network" if off > _FAR_OFF else ""
            self.tell(f"measured whole, the front's latencies are within {100 * off:.1f}% of what the table said{why}")
        return [made[index] for index in front([(one.trial.accuracy or 0.0, one.ms) for one in made])]

    def _pool(self) -> Pool:
        return Pool(self.folder, self.workers, self.tell, module=MODULE, storage=self.storage, directions=DIRECTIONS)

    def _evaluated(self, pool: Pool, asked: Sequence[Asked]) -> dict[int, float]:
        # The dearest first: what is left at a batch's end, when there is nothing more to begin, is short.
        dearest = sorted(asked, key=lambda one: -one.cost)
        tasks = {_name(one.number): self._task(one) for one in dearest}
        last = time.monotonic()

        def done_one(name: str, left: int) -> None:
            nonlocal last
            if left and time.monotonic() - last > _QUIET_SECONDS:
                last = time.monotonic()
                self.tell(f"{name} is done, {left} before the next ones are proposed")

        results = pool.run(tasks, done_one)
        return {one.number: results[_name(one.number)][0] for one in asked if _name(one.number) in results}

    def _task(self, one: Asked) -> Task:
        choices = self.problem.space.choices
        named = self.problem.space.named(one.point)
        return Task(
            {"number": one.number, "point": list(one.point), "ms": one.cost},
            options={choice.name: (named[choice.name], choice.options) for choice in choices},
        )

    def _costs(self, points: Sequence[tuple[int, ...]]) -> list[float]:
        return self._measured([self.problem.space.architecture(point) for point in points])

    def _told(self, trials: Sequence[Trial], count: int, pace: Pace) -> None:
        write_archive(self.folder, trials)
        each = pace.beat(len(trials))
        known = [one for one in trials if one.accuracy is not None]
        if each is None or not known:
            return
        best = max(known, key=lambda one: self.problem.objective(one.accuracy or 0.0, one.cost))
        self.tell(
            f"trial {len(trials)} of {count}: the best so far {100 * (best.accuracy or 0.0):.2f}% at {best.cost:.3f} "
            f"ms; about {clock(each * (count - len(trials)))} left"
        )


def _name(number: int) -> str:
    return f"trial {number:04}"
