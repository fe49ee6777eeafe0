"""One network's way to a target, from its model file to the network that is trained once more at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.adapting.contest import Contest
from edgewise.adapting.netadapt import Course, NetAdapt, short_recipe
from edgewise.adapting.proposals import Proposal, narrowest
from edgewise.adapting.spaces import Spaces
from edgewise.adapting.steps import Alike, Step
from edgewise.data import Dataset
from edgewise.data.decoded import hold_out, write_decoded
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.profiling.gauge import Gauge
from edgewise.tasks import Pool, Tell
from edgewise.training import Recipe, TrainResult, train
from edgewise.weights import ModelCard, load_model, read_card

SHORT_RATE = 0.01
"""The learning rate of short fine-tunes."""

UNSURE = 0.02
"""By how much a first look may be wrong."""

SHORT = 40
"""The most steps that a proposal is tuned for, unless the user says."""

Target = Callable[[float], float]
"""What is wanted, in ms, of a network that takes so many ms."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What the first step could be: its proposals, without any training."""

    seed_ms: float
    target_ms: float
    least_ms: float
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, eq=False)
class Narrowed:
    """The steps to `target_ms`, step 0 first; networks `beside` them that are narrowed alike; the widths of all spaces
    before and after; on how many images all were judged, and by what."""

    steps: tuple[Step, ...]
    beside: tuple[Alike, ...]
    widths: tuple[tuple[str, int, int], ...]
    target_ms: float
    held_out: int
    measure: str

    @property
    def reached(self) -> bool:
        return self.steps[-1].ms <= self.target_ms


def glance(gauge: Gauge, architecture: Architecture, quantum: int, target: Target) -> float:
    """What a network takes, in ms, timed beside its narrowest version, before any table is filled.

    Raises `BudgetError` where that is slower than the target by more than such a look may be wrong.
    """
    seed_ms, least_ms = gauge.glanced([architecture, narrowest(architecture, quantum)])
    wanted = target(seed_ms)
    if least_ms > wanted * (1 + UNSURE):
        raise BudgetError(
            f"{architecture.name} takes {seed_ms:.3f} ms, and as narrow as multiples of {quantum} channels allow still "
            f"{least_ms:.3f} ms; {wanted:.3f} ms are not to be had from it: allow more time, or start from a smaller "
            "network"
        )
    return seed_ms


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The adaptation of the model file `model` in `folder`, which keeps everything that is found on the way.

    `recipe` is what the network is trained with; proposals are tuned by a short form of it, for up to `short` steps.
    `workers` processes work here, and others may join by `storage`, an Optuna URL.
    """

    folder: Path
    model: Path
    dataset: Dataset
    gauge: Gauge
    course: Course
    recipe: Recipe
    short: int
    workers: int
    tell: Tell
    storage: str | None = None

    def plan(self, target: Target) -> Plan:
        """The first step's proposals. Raises `BudgetError` like `narrowed`."""
        seed_ms = self._kept_by_the_first(target)
        if seed_ms is not None:
            return Plan(seed_ms, target(seed_ms), 0.0, ())
        self._cached()
        with self._pool() as pool:
            first, target_ms = self._begun(pool, target)
        proposals, least = self._netadapt.plan(first, target_ms) if first.ms > target_ms else ([], 0.0)
        return Plan(first.ms, target_ms, least, tuple(proposals))

    def narrowed(self, target: Target) -> Narrowed:
        """All steps to the target, or to where nothing can be narrower; none where the network keeps it as it is.

        Raises `BudgetError` before anything is trained where its narrowest version is too slow.
        """
        seed_ms = None if self._netadapt.steps.kept(0) else self._kept_by_the_first(target)
        held_out = self._cached()
        with self._pool() as pool:
            first, target_ms = self._begun(pool, target, seed_ms)
            steps = self._netadapt.run(pool, self._contest, first, target_ms)
            beside = self._netadapt.evenly(pool, self._contest, steps)
        widths = self._widths(steps[-1])
        return Narrowed(tuple(steps), tuple(beside), widths, target_ms, held_out, self.course.measure)

    def finished(
        self, narrowed: Narrowed, recipe: Recipe, *, scratch: bool, workers: int, progress: bool
    ) -> tuple[Network, ModelCard, TrainResult | None]:
        """The last step's network, trained once more by `recipe`, or from `scratch`; as it is, where that is the first.

        Its card says nothing of how well it does.
        """
        last, card = load_model(self._netadapt.steps.model_file(narrowed.steps[-1].number))
        if len(narrowed.steps) > 1:
            name = f"{read_card(self.model).architecture.name}_adapted"
            card = replace(card, architecture=replace(card.architecture, name=name))
        card = replace(card, metrics={})
        network = Network(card.architecture, seed=recipe.seed)
        if not scratch:
            network.load_state_dict(last.state_dict())
        if len(narrowed.steps) == 1:
            return network, card, None
        epochs = f"{recipe.epochs} epoch{'' if recipe.epochs == 1 else 's'}"
        self.tell(f"training {'from scratch' if scratch else 'once more'}, {epochs}")
        trained = train(
            network,
            self.dataset,
            recipe,
            self.folder / "training",
            preprocessing=card.preprocessing,
            workers=workers,
            progress=progress,
        )
        return network, card, trained

    @property
    def _netadapt(self) -> NetAdapt:
        return NetAdapt(self.folder, self.course, self.gauge, self.tell)

    @property
    def _contest(self) -> Contest:
        return Contest(self.folder, "cache", short_recipe(self.recipe, SHORT_RATE), self.short)

    def _pool(self) -> Pool:
        return Pool(self.folder, self.workers, self.tell, module="edgewise.adapting.worker", storage=self.storage)

    def _kept_by_the_first(self, target: Target) -> float | None:
        """What the network takes at a glance, in ms, where that keeps the target already."""
        architecture = read_card(self.model).architecture
        seed_ms = glance(self.gauge, architecture, self.course.quantum, target)
        if seed_ms > target(seed_ms):
            return None
        self.tell(f"{architecture.name} takes {seed_ms:.3f} ms and keeps {target(seed_ms):.3f} ms as it is")
        return seed_ms

    def _begun(self, pool: Pool, target: Target, ms: float | None = None) -> tuple[Step, float]:
        first = self._netadapt.begin(self.model, lambda place: self._contest.judged(pool, place), ms)
        name = read_card(self.model).architecture.name
        measure = self.course.measure
        self.tell(f"{name} takes {first.ms:.3f} ms, {100 * first.accuracy:.2f}% {measure} on the holdout")
        return first, target(first.ms)

    def _widths(self, last: Step) -> tuple[tuple[str, int, int], ...]:
        before, after = (
            {space.name: space.width for space in Spaces(read_card(file).architecture).by_name.values()}
            for file in (self.model, self._netadapt.steps.model_file(last.number))
        )
        return tuple((name, width, after[name]) for name, width in before.items() if name in after)

    def _cached(self) -> int:
        """Decodes the training images, and those held out of them, for all workers; returns how many are held out."""
        splits = hold_out(self.dataset.splits["train"], self.recipe.seed)
        if not len(splits["holdout"]):
            raise EdgewiseError(f"{self.dataset.source} has too few training images to hold some out; add images")
        write_decoded(self.folder / "cache", splits, read_card(self.model).preprocessing)
        return len(splits["holdout"])
