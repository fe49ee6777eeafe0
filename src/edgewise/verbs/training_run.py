"""A training run in its folder, whatever the task: trained, scored on the test images, written as a model file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from edgewise.data import BadImage, Batches, Dataset, Preprocessing, Split
from edgewise.errors import EdgewiseError
from edgewise.files import file_digest, write_text
from edgewise.fitting.halving import with_epochs
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.training import Recipe, TrainResult
from edgewise.training import train as train_network
from edgewise.training.checkpoints import FILE_NAME
from edgewise.training.processes import outside_rank
from edgewise.training.scoring import Measured
from edgewise.training.unfolding import IMAGES, folded_norms, unfold
from edgewise.verbs.checks import decoding_workers
from edgewise.verbs.start import Start
from edgewise.weights import ModelCard, Provenance, save_model

Score = TypeVar("Score", bound=Measured, covariant=True)


@dataclass(frozen=True, eq=False)
class Trained(Generic[Score]):
    """The model file that was written, how training went, and the scores on the test images, and what
    files of the data were left out."""

    model_file: Path
    card: ModelCard
    training: TrainResult
    test: Score
    skipped: tuple[BadImage, ...]


class ScoreNetwork(Protocol[Score]):
    """Scores a network on a split."""

    def __call__(self, network: Network, split: Split, preprocessing: Preprocessing, /, *, workers: int) -> Score: ...


@dataclass(frozen=True)
class Asked:
    """What the user says of a run; None is what the plan has."""

    out: str | Path
    recipe: Recipe | None
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    seed: int
    workers: int | None
    devices: int
    accelerator: str
    command: str

    def recipe_from(self, planned: Recipe) -> Recipe:
        """The recipe with the numbers that were asked for."""
        recipe = planned if self.recipe is None else self.recipe
        recipe = with_epochs(recipe, self.epochs, recipe.precision) if self.epochs is not None else recipe
        changes = {"batch_size": self.batch_size, "learning_rate": self.learning_rate}
        return replace(recipe, **{name: value for name, value in changes.items() if value is not None})


@dataclass(frozen=True, eq=False)
class Plan:
    """What is trained, on images of what size (height × width where they differ), and how unless the user says."""

    architecture: Architecture
    preprocessing: Preprocessing
    network: Network
    size: int | str
    recipe: Recipe


def run(
    asked: Asked,
    plan: Plan,
    start: Start,
    dataset: Dataset,
    about: str,
    score: ScoreNetwork[Score],
    *,
    progress: bool,
    tell: Callable[[str], None] | None,
) -> Trained[Score]:
    """Trains the plan's network in its folder, or goes on with it; `about` is the data in a line."""
    leads = outside_rank() == 0
    architecture, network = plan.architecture, plan.network
    recipe = asked.recipe_from(plan.recipe)
    described = {
        "verb": "train",
        "data": dataset.digest,
        "model": architecture.digest,
        "weights": file_digest(start.file) if start.file is not None else None,
        "input": plan.size,
        **recipe.to_json(),
        "seed": asked.seed,
    }
    with RunFolder(Path(asked.out), described) as folder:
        begin = f" from {start.file}" if start.file is not None else ""
        if tell and leads:
            tell(f"{about}; training {architecture.name} at {plan.size} pixels{begin}")
        workers = decoding_workers(asked.workers)
        if not (folder.path / FILE_NAME).exists():
            _unfold(network, start, dataset, plan.preprocessing)
        training = train_network(
            network,
            dataset,
            recipe,
            folder.path,
            preprocessing=plan.preprocessing,
            workers=workers,
            devices=asked.devices,
            accelerator=asked.accelerator,
            progress=progress,
        )
        test = score(network, dataset.splits["test"], plan.preprocessing, workers=workers)
    metrics = {f"val_{name}": value for name, value in training.metrics.items()}
    metrics |= {f"test_{name}": value for name, value in test.metrics().items()}
    card = ModelCard(
        architecture=architecture,
        preprocessing=plan.preprocessing,
        classes=dataset.classes,
        multi_label=dataset.multi_label,
        metrics=metrics,
        provenance=Provenance(data=dataset.source, data_digest=dataset.digest, seed=asked.seed, command=asked.command),
    )
    path = folder.path / "model.safetensors"
    if leads:
        save_model(path, network, card)
        record = {
            "command": asked.command,
            "recipe": recipe.to_json(),
            "training": training.to_json(),
            "metrics": metrics,
        }
        write_text(folder.path / "train.json", json.dumps(record, indent=1, allow_nan=False))
    return Trained(path, card, training, test, dataset.skipped)


def _unfold(network: Network, start: Start, dataset: Dataset, preprocessing: Preprocessing) -> None:
    """Makes weights with batch norm folded in fit for training."""
    norms = folded_norms(network, start.tensors or {})
    if norms:
        train = dataset.splits["train"]
        some = train.take(np.unique(np.linspace(0, len(train) - 1, min(IMAGES, len(train))).astype(int)).tolist())
        unfold(network, norms, Batches(some, preprocessing, batch_size=16, seed=0, shuffle=False, workers=0))


def named_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises `EdgewiseError` with the names there are."""
    from edgewise.training import recipes

    if name not in recipes.__all__:
        raise EdgewiseError(f"there is no recipe '{name}'; there are {', '.join(recipes.__all__)}")
    return getattr(recipes, name)()
