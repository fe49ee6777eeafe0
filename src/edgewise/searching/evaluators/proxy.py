"""MnasNet's evaluator: a network is trained for a few epochs from scratch (Tan et al., 2018, section 5)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.data import Preprocessing, Split
from edgewise.nn import Network
from edgewise.searching.space import Point, Space
from edgewise.training import Recipe, train
from edgewise.training.judging import beat_by_layer
from edgewise.training.scores import score_of


@dataclass(frozen=True, eq=False)
class Proxy:
    """Trains on the images of `splits["train"]` by `recipe`, whole and short, and judges on `splits["holdout"]`.

    What a trial has reached lies in `folder` while it runs: a killed one goes on from its last checkpoint.
    """

    space: Space
    splits: Mapping[str, Split]
    preprocessing: Preprocessing
    recipe: Recipe
    folder: Path

    def accuracy(self, point: Point, number: int, beat: Callable[[], None]) -> float:
        architecture = self.space.architecture(point)
        recipe = replace(self.recipe, seed=self.recipe.seed * 1_000_003 + number)
        network = Network(architecture, seed=recipe.seed)
        beat_by_layer(network, beat)
        _, height, width = architecture.input
        home = self.folder / f"{number:04}"
        made = train(
            network,
            {"train": self.splits["train"], "val": self.splits["holdout"]},
            recipe,
            home,
            preprocessing=replace(self.preprocessing, height=height, width=width),
            accelerator="cpu",
            validate_every=recipe.epochs,
            progress=False,
        )
        shutil.rmtree(home, ignore_errors=True)
        return score_of(made.metrics)
