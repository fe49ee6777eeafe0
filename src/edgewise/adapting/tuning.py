"""One proposal's short fine-tune: a model file in, another out, and how right it is on the holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from edgewise.data import Batches, Split
from edgewise.errors import EdgewiseError
from edgewise.tasks import Task
from edgewise.training.feeding import Stream
from edgewise.training.judging import Beat, beat_by_layer, judged
from edgewise.training.kinds import task_for
from edgewise.training.memory import freed_memory_kept
from edgewise.training.optimisers import build_optimiser
from edgewise.training.recipe import Recipe
from edgewise.weights import load_model, save_model


@dataclass(frozen=True)
class Tuning:
    """What is asked of a worker: train the model file `model` from step `first` to step `last` of `recipe`, with images
    of `cache`, judge it on one in `every` of the images held out, and write it to `out`; paths are relative to the
    run's folder."""

    model: str
    out: str
    cache: str
    first: int
    last: int
    recipe: Recipe
    every: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "out": self.out,
            "cache": self.cache,
            "first": self.first,
            "last": self.last,
            "recipe": self.recipe.to_json(),
            "every": self.every,
        }

    def as_task(self) -> Task:
        return Task(self.to_json(), self.out)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Tuning:
        return cls(**{**content, "recipe": Recipe.from_json(content["recipe"])})


def tune(tuning: Tuning, folder: Path, splits: Mapping[str, Split], beat: Beat) -> float:
    """Does what `tuning` says in the run's `folder`; returns the accuracy on the holdout.

    The same tuning gives the same weights on the same machine. Raises `EdgewiseError` where the training diverges.
    """
    with freed_memory_kept():
        return _tuned(tuning, folder, splits, beat)


def _tuned(tuning: Tuning, folder: Path, splits: Mapping[str, Split], beat: Beat) -> float:
    network, card = load_model(folder / tuning.model)
    recipe = tuning.recipe
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    beat_by_layer(network, beat)
    if tuning.last > tuning.first:
        train = splits["train"]
        batches = Batches(
            train,
            card.preprocessing,
            batch_size=min(recipe.batch_size, len(train)),
            seed=recipe.seed,
            augmentation=recipe.augmentation,
            shuffle=True,
            workers=0,
            drop_last=True,
        )
        kind = task_for(card.architecture.task)
        task = kind(network, recipe, classes=card.architecture.classes, steps_per_epoch=len(batches))
        optimiser = build_optimiser(network, recipe)
        network.train()
        for step, (images, targets) in enumerate(Stream(batches, tuning.first, tuning.last), tuning.first):
            torch.manual_seed(recipe.seed * 1_000_003 + step)
            loss = task.training_step((images, targets), step)
            if not torch.isfinite(loss):
                raise EdgewiseError(f"the training of {tuning.model} diverged at step {step}; lower the learning rate")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        network.eval()
    classes = card.architecture.classes
    accuracy = judged(network, splits["holdout"], card.preprocessing, classes=classes, every=tuning.every)
    save_model(folder / tuning.out, network, replace(card, metrics={"holdout_accuracy": accuracy}))
    return accuracy
