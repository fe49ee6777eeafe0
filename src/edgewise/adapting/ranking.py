"""Which channels of a trained network go first, by the score that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from torch import Tensor, nn

from edgewise.adapting import scores
from edgewise.adapting.labels import Labels
from edgewise.data import Batches
from edgewise.data.decoded import read_decoded
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.training.kinds import task_for
from edgewise.training.recipe import Recipe
from edgewise.training.threads import one_thread
from edgewise.weights import ModelCard

Score = Literal["magnitude", "norm_scale", "taylor"]
SCORES: tuple[Score, ...] = ("magnitude", "norm_scale", "taylor")

_BATCHES, _BATCH = 16, 32


def score_named(name: str) -> Score:
    """The score called `name`. Raises `EdgewiseError` where there is none."""
    for score in SCORES:
        if score == name:
            return score
    raise EdgewiseError(f"channels cannot be scored by {name!r}; choose one of: {', '.join(SCORES)}")


def ranked(
    score: Score, network: Network, card: ModelCard, labels: Labels, tensors: Mapping[str, np.ndarray], cache: Path
) -> np.ndarray:
    """By label; what is lowest goes first. `taylor` looks at 512 training images of the decoded ones in `cache`."""
    match score:
        case "magnitude":
            return scores.magnitude(labels, tensors)
        case "norm_scale":
            return scores.norm_scale(labels, tensors)
        case "taylor":
            return _taylor(network, card, labels, cache)


def _taylor(network: Network, card: ModelCard, labels: Labels, cache: Path) -> np.ndarray:
    some = read_decoded(cache)["train"].spread(_BATCHES * _BATCH)
    # Shuffled: images lie by class, and a batch of one class has gradients of its own.
    batches = Batches(some, card.preprocessing, batch_size=_BATCH, seed=0, shuffle=True, workers=0)

    recipe = Recipe(epochs=1, batch_size=_BATCH, loss="sigmoid" if card.multi_label else "softmax")
    task = task_for(card.architecture.task)(network, recipe, classes=card.architecture.classes, steps_per_epoch=1)

    def loss(module: nn.Module, batch: object) -> Tensor:
        images, targets = batch  # pyright: ignore[reportGeneralTypeIssues] - what Batches yields
        return task.batch_loss(images, targets)

    with one_thread():  # the same sums, whatever the machine is used for besides
        return scores.taylor(labels, network.eval(), batches, loss)
