"""One proposal's short fine-tune: a model file in, another out, and how right it is on the holdout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edgewise.data import Batches, Split
from edgewise.data.images import StoredImages
from edgewise.data.loading import keep
from edgewise.data.preprocessing import Preprocessing
from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.training.classify import Classify
from edgewise.training.evaluation import score
from edgewise.training.feeding import Stream
from edgewise.training.optimisers import build_optimiser
from edgewise.training.recipe import Recipe
from edgewise.training.scores import Scores, score_of
from edgewise.weights import ModelCard, load_model, save_model

Beat = Callable[[], None]
"""Called whenever the work has got on; it may raise to end it."""

PARTS = ("train", "holdout")

FEWEST_JUDGED = 500
"""A proposal is judged on no fewer images than that, where there are as many."""

_JUDGED_AT_ONCE = 64


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

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Tuning:
        return cls(**{**content, "recipe": Recipe.from_json(content["recipe"])})


def write_cache(folder: Path, splits: dict[str, Split], preprocessing: Preprocessing) -> None:
    """Decodes the images of `train` and `holdout` once, at the network's size, for all workers to map into memory.

    Raises `EdgewiseError` where a file is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        images, labels = folder / f"{part}.npy", folder / f"{part}-labels.npy"
        if images.exists() and labels.exists():
            continue
        split = splits[part]
        kept = keep(split, preprocessing)
        if kept.bad and not split.skip_bad:
            index, reason = kept.bad[0]
            raise EdgewiseError(
                f"{split.path(index)} cannot be used ({reason}); remove it, or leave it out with --skip-bad"
            )
        sound = np.setdiff1d(np.arange(len(split)), [index for index, _ in kept.bad])
        for path, array in ((images, kept.pixels[sound]), (labels, split.labels[sound])):
            with replacing(path) as unfinished, unfinished.open("wb") as file:
                np.save(file, array)


def read_cache(folder: Path) -> dict[str, Split]:
    """The splits that `write_cache` wrote, their images mapped rather than read."""
    splits: dict[str, Split] = {}
    for part in PARTS:
        pixels = np.load(folder / f"{part}.npy", mmap_mode="r")
        labels = np.load(folder / f"{part}-labels.npy")
        splits[part] = Split(part, StoredImages(pixels, [str(index) for index in range(len(labels))]), labels)
    return splits


def tune(tuning: Tuning, folder: Path, splits: dict[str, Split], beat: Beat) -> float:
    """Does what `tuning` says in the run's `folder`; returns the accuracy on the holdout.

    The same tuning gives the same weights on the same machine. Raises `EdgewiseError` where the training diverges.
    """
    network, card = load_model(folder / tuning.model)
    recipe = tuning.recipe
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    _beat_by_layer(network, beat)
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
        task = Classify(network, recipe, classes=card.architecture.classes, steps_per_epoch=len(batches))
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
    holdout = splits["holdout"]
    every = max(1, min(tuning.every, len(holdout) // FEWEST_JUDGED))
    accuracy = _accuracy(network, holdout.take(range(0, len(holdout), every)), card)
    save_model(folder / tuning.out, network, replace(card, metrics={"holdout_accuracy": accuracy}))
    return accuracy


def _beat_by_layer(network: nn.Module, beat: Beat) -> None:
    """Calls `beat` with every layer, forwards and backwards: a whole step of a large network may take longer than a
    worker is waited for."""

    def passed(layer: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        beat()
        if isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(lambda gradient: beat())

    for layer in network.modules():
        if not any(True for _ in layer.children()):
            layer.register_forward_hook(passed)


def _accuracy(network: nn.Module, split: Split, card: ModelCard) -> float:
    """The accuracy on the holdout; for several labels an image the mean average precision."""
    several = split.labels.ndim == 2
    scores = Scores(
        card.architecture.classes, multi_label=several, device=torch.device("cpu"), keep_probabilities=several
    )
    batches = Batches(split, card.preprocessing, batch_size=_JUDGED_AT_ONCE, seed=0, shuffle=False, workers=0)

    return score_of(score(network, batches, scores, device=torch.device("cpu")).metrics())
