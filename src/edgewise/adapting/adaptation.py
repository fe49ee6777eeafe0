"""One network's way to a target, from its model file to the network that is trained once more at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.adapting.contest import Contest
from edgewise.adapting.gauge import Gauge
from edgewise.adapting.netadapt import CLOSE, Course, NetAdapt, short_recipe
from edgewise.adapting.pool import Pool, Tell
from edgewise.adapting.proposals import Proposal
from edgewise.adapting.rules import Outcome
from edgewise.adapting.steps import Step
from edgewise.adapting.tuning import write_cache
from edgewise.data import Dataset
from edgewise.data.stratify import stratified
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.training import Recipe, TrainResult, train
from edgewise.weights import ModelCard, load_model, read_card

HOLDOUT, MOST_HELD_OUT = 0.1, 2000
"""The share of the training images that proposals are judged on, and the most images it may be."""

SHORT_RATE = 0.01
"""The learning rate of short fine-tunes."""

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
    """The steps to `target_ms`, step 0 first; networks `beside` them that are narrowed alike; and on how many images
    all were judged."""

    steps: tuple[Step, ...]
    beside: tuple[Outcome, ...]
    target_ms: float
    held_out: int

    @property
    def reached(self) -> bool:
        return self.steps[-1].ms <= self.target_ms * (1 + CLOSE)


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
        """The first step's proposals."""
        self._cached()
        with self._pool() as pool:
            first, target_ms = self._begun(pool, target)
        proposals, least = self._netadapt.plan(first, target_ms) if first.ms > target_ms else ([], 0.0)
        return Plan(first.ms, target_ms, least, tuple(proposals))

    def narrowed(self, target: Target) -> Narrowed:
        """All steps to the target, or to where nothing can be narrower."""
        held_out = self._cached()
        with self._pool() as pool:
            first, target_ms = self._begun(pool, target)
            steps = self._netadapt.run(pool, self._contest, first, target_ms)
            beside = self._netadapt.evenly(pool, self._contest, steps)
        return Narrowed(tuple(steps), tuple(beside), target_ms, held_out)

    def finished(
        self, narrowed: Narrowed, recipe: Recipe, *, scratch: bool, workers: int, progress: bool
    ) -> tuple[Network, ModelCard, TrainResult | None]:
        """The last step's network, trained once more by `recipe`, or from `scratch`; as it is, where that is the first.

        Its card says nothing of how well it does.
        """
        last, card = load_model(self._netadapt.steps.model_file(narrowed.steps[-1].number))
        name = f"{read_card(self.model).architecture.name}_adapted"
        card = replace(card, architecture=replace(card.architecture, name=name), metrics={})
        network = Network(card.architecture, seed=recipe.seed)
        if not scratch:
            network.load_state_dict(last.state_dict())
        if len(narrowed.steps) == 1:
            return network, card, None
        self.tell(f"training {'from scratch' if scratch else 'once more'}, {recipe.epochs} epochs")
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
        return Pool(self.folder, self.workers, self.tell, self.storage)

    def _begun(self, pool: Pool, target: Target) -> tuple[Step, float]:
        first = self._netadapt.begin(self.model, lambda place: self._contest.judged(pool, place))
        name = read_card(self.model).architecture.name
        self.tell(f"{name} takes {first.ms:.3f} ms, {100 * first.accuracy:.2f}% on the holdout")
        return first, target(first.ms)

    def _cached(self) -> int:
        """Decodes the training images, and those held out of them, for all workers; returns how many are held out."""
        split = self.dataset.splits["train"]
        share = min(HOLDOUT, MOST_HELD_OUT / len(split))
        if split.labels.ndim == 2:
            labels = [row.nonzero()[0].tolist() for row in split.labels]
        else:
            labels = [[int(label)] for label in split.labels]
        parts = stratified(labels, {"holdout": share}, self.recipe.seed)
        places = {part: [index for index, one in enumerate(parts) if one == part] for part in ("train", "holdout")}
        if not places["holdout"]:
            raise EdgewiseError(f"{self.dataset.source} has too few training images to hold some out; add images")
        splits = {part: split.take(own) for part, own in places.items()}
        write_cache(self.folder / "cache", splits, read_card(self.model).preprocessing)
        return len(places["holdout"])
