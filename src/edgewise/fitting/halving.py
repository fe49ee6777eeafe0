"""Successive halving on the user's data: all selected candidates begin, the better half goes on, one finishes.

Every candidate has a schedule that would take the same time from begin to end. A rung trains each to the same share of
its own schedule, so that nothing is trained twice: the winner's first steps are those of its final training.
(Jamieson and Talwalkar, Non-stochastic Best Arm Identification, 2016.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgewise.blocks import Task
from edgewise.data import Augmentation, Dataset, Preprocessing
from edgewise.data.statistics import Statistics, preprocessing_for
from edgewise.fitting.candidates import Candidate, Tell
from edgewise.fitting.selection import halved
from edgewise.nn import Network
from edgewise.run_folder import RunFolder
from edgewise.training import Recipe, TrainResult, choose_precision, evaluate, evaluate_scenes, train
from edgewise.training.recipe import gentle
from edgewise.training.recipes import quick, scene_recipe
from edgewise.training.scores import score_name, score_of

RUNGS = (0.15, 0.4)
"""Shares of the schedule after which half of the candidates leave."""

MORE = "allow more --minutes, or --epochs"
"""What to do where candidates could not be told apart."""

MOST_EPOCHS: Mapping[Task, int] = {"classify": 60, "detect": 300, "segment": 300}
"""No schedule is longer, however much time there is: small data sets stop gaining."""


@dataclass(frozen=True)
class Schedule:
    """How one candidate trains: its recipe and the speed its epochs were planned with, in images per second."""

    recipe: Recipe
    images_per_second: float

    def to_json(self) -> dict[str, Any]:
        return {"recipe": self.recipe.to_json(), "images_per_second": self.images_per_second}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Schedule:
        return cls(Recipe.from_json(content["recipe"]), content["images_per_second"])


@dataclass(frozen=True)
class Standing:
    """Where a candidate stood after a rung: its score on the validation images, of the averaged weights. Rung 0 is the
    end of its training, for a candidate that is narrowed then."""

    candidate: str
    rung: int
    step: int
    score: float

    @property
    def stage(self) -> str:
        """How far that is, in words."""
        return f"rung {self.rung}" if self.rung else "the end, before narrowing"


@dataclass(frozen=True)
class Halving:
    """What training takes besides the candidates. `seconds` are for all training together; `epochs`, when given, fixes
    the length of every schedule instead."""

    folder: RunFolder
    dataset: Dataset
    statistics: Statistics
    recipe: Recipe
    seconds: float
    epochs: int | None
    workers: int
    progress: bool
    tell: Tell
    standings: list[Standing] = field(default_factory=list)

    def preprocessing(self, candidate: Candidate) -> Preprocessing:
        _, height, width = candidate.architecture.input
        if self.dataset.task == "classify":
            return preprocessing_for(height, self.statistics)
        return Preprocessing(height, width, self.statistics.mean, self.statistics.std, stretch=True)

    def network(self, candidate: Candidate) -> Network:
        return Network(candidate.architecture, seed=self.recipe.seed)

    def home(self, candidate: Candidate) -> Path:
        """Where the candidate's training lives."""
        return self.folder.path / "training" / candidate.name

    def schedules(self, candidates: Sequence[Candidate]) -> dict[str, Schedule]:
        """The plan: every candidate's recipe, long enough to use up the time all of them have together."""

        def plan() -> dict[str, Schedule]:
            share = _time_of_one(len(candidates), self.seconds)
            return {candidate.name: self._plan(candidate, share) for candidate in candidates}

        return self.folder.stage(
            "schedules",
            plan,
            lambda made: {name: schedule.to_json() for name, schedule in made.items()},
            lambda content: {name: Schedule.from_json(one) for name, one in content.items()},
        )

    def _plan(self, candidate: Candidate, seconds: float) -> Schedule:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        _, height, width = candidate.architecture.input
        choice = choose_precision(self.network(candidate), self.recipe, height=height, width=width, device=device)
        speeds = {"32": choice.images_per_second_32, "bf16": choice.images_per_second_bf16}
        speed = speeds[choice.precision] or 1.0
        images = len(self.dataset.splits["train"])
        epochs = self.epochs or min(MOST_EPOCHS[self.dataset.task], max(1, int(seconds * speed / images)))
        self.tell(f"{candidate.name}: {speed:.0f} images/s in training, {epochs} epoch{'' if epochs == 1 else 's'}")
        return Schedule(with_epochs(self.recipe, epochs, choice.precision), speed)

    def run(self, candidates: Sequence[Candidate]) -> tuple[Candidate, TrainResult, Network]:
        """Trains through the rungs and finishes the winner; gives its result and its network, weights averaged."""
        schedules = self.schedules(candidates)
        alive = list(candidates)
        for rung, share in enumerate(RUNGS, 1):
            if len(alive) == 1:
                break
            standings = [self._rung(candidate, schedules[candidate.name], rung, share) for candidate in alive]
            self.standings.extend(standings)
            scores = {standing.candidate: standing.score for standing in standings}
            # Equal scores keep the order of the selection rule: sorting is stable.
            alive.sort(key=lambda candidate: -scores[candidate.name])
            alive = alive[: 1 if rung == len(RUNGS) else halved(alive)]
            self.tell(f"rung {rung}: {', '.join(one.name for one in alive)} of {len(standings)} go on")
            if guessing(standings, self.dataset):
                self.tell(f"rung {rung}: none of them does better than guessing yet, so that this says little; {MORE}")
        winner = alive[0]
        network = self.network(winner)
        self.tell(f"training {winner.name} to the end")
        result = self._train(winner, schedules[winner.name], network, until_step=None)
        return winner, result, network

    def _rung(self, candidate: Candidate, schedule: Schedule, rung: int, share: float) -> Standing:
        def make() -> Standing:
            self.tell(f"rung {rung}: {candidate.name}")
            network = self.network(candidate)
            images = len(self.dataset.splits["train"])
            # Training takes full batches only, and all images together where they are fewer than one.
            total = schedule.recipe.epochs * (images // min(schedule.recipe.batch_size, images))
            result = self._train(candidate, schedule, network, until_step=max(1, round(share * total)))
            judge = evaluate if self.dataset.task == "classify" else evaluate_scenes
            metrics = judge(network, self.dataset.splits["val"], self.preprocessing(candidate)).metrics()
            return Standing(candidate.name, rung, result.steps, score_of(metrics))

        name = f"rung-{rung}-{candidate.name}"
        standing = self.folder.stage(name, make, asdict, lambda content: Standing(**content))
        measure = score_name(self.dataset.task, multi_label=self.dataset.multi_label)
        self.tell(f"rung {rung}: {candidate.name} has {100 * standing.score:.2f}% {measure} on the validation images")
        return standing

    def _train(
        self, candidate: Candidate, schedule: Schedule, network: Network, *, until_step: int | None
    ) -> TrainResult:
        return train(
            network,
            self.dataset,
            schedule.recipe,
            self.home(candidate),
            preprocessing=self.preprocessing(candidate),
            workers=self.workers,
            until_step=until_step,
            progress=self.progress,
        )


def guessing(standings: Sequence[Standing], dataset: Dataset) -> bool:
    """Whether the best of `standings` is no better, to two standard errors, than always naming the commonest class: who
    was ahead then is chance. Never so of data whose scores are not accuracies."""
    if not standings or dataset.task != "classify" or dataset.multi_label:
        return False
    labels = dataset.splits["val"].labels
    share = float(np.bincount(labels).max() / len(labels))
    return max(one.score for one in standings) <= share + 2 * math.sqrt(share * (1 - share) / len(labels))


def with_epochs(recipe: Recipe, epochs: int, precision: str) -> Recipe:
    """The recipe at another length, its warm-up and the steps of its learning rate keeping their shares."""
    share = epochs / recipe.epochs
    return replace(
        recipe,
        epochs=epochs,
        warmup_epochs=recipe.warmup_epochs * share,
        step_epochs=recipe.step_epochs * share if recipe.schedule == "steps" else recipe.step_epochs,
        precision=precision,
    )


def once_more(recipe: Recipe, epochs: int | None = None) -> Recipe:
    """The recipe for a network that was trained by it and then narrowed: gently, for `epochs` or a third of its own."""
    return with_epochs(gentle(recipe), epochs or max(1, recipe.epochs // 3), recipe.precision)


def default_recipe(dataset: Dataset, size: int, *, seed: int, flip: bool) -> Recipe:
    """The recipe for data of unknown kind: `quick`, its batch and augmentation chosen by the images; for boxes and
    masks `scene_recipe`."""
    if dataset.task != "classify":
        return scene_recipe(dataset.task, seed=seed, flip=flip)
    images = len(dataset.splits["train"])
    batch = 128 if images >= 10_000 else 64 if images >= 2_000 else 32
    crop = "pad" if size <= 64 else "resized"
    augmentation = Augmentation(crop=crop, flip=flip, pad=max(1, size // 8), scale=(0.25, 1.0))
    loss = "sigmoid" if dataset.multi_label else "softmax"
    return replace(quick(batch_size=batch), augmentation=augmentation, loss=loss, seed=seed)


def _time_of_one(candidates: int, seconds: float) -> float:
    """The length of one whole schedule, in seconds, such that all rungs together take `seconds`."""
    alive, done, total = candidates, 0.0, 0.0
    for rung, share in enumerate(RUNGS, 1):
        total += alive * (share - done)
        done = share
        alive = 1 if rung == len(RUNGS) else (alive + 1) // 2
    return seconds / (total + 1 - done)
