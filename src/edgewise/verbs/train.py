"""`train`: one network on the user's data, into a model file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgewise.data import Dataset, open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.fitting.halving import default_recipe
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture
from edgewise.training import Evaluation, Recipe, evaluate
from edgewise.training.recipe import gentle
from edgewise.verbs.checks import at_least, described
from edgewise.verbs.start import Start, start_of
from edgewise.verbs.training_run import Asked, Plan, Trained, named_recipe, run

__all__ = ["Trained", "named_recipe", "train"]


def train(
    data: str | Path,
    model: str | Path | Architecture = "mobilenet_v3_small",
    *,
    weights: str | Path | None = None,
    out: str | Path = "runs/train",
    width: float | None = None,
    size: int | None = None,
    recipe: Recipe | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    workers: int | None = None,
    devices: int = 1,
    accelerator: str = "auto",
    command: str = "edgewise.train(...)",
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
) -> Trained[Evaluation]:
    """Trains `model`, a name of the zoo, a model file or an architecture, on `data`; writes `out`/model.safetensors.

    A model file starts from its weights, with a fresh classifier where the classes differ; so does a network of the
    zoo from `weights` of others, named as for `convert`, and takes pixels as they want them. Without `recipe` the one
    that `fit` uses is taken (from weights, and without batch norm, `gentle`); `epochs`, `batch_size` and
    `learning_rate` change single numbers of it. `size` is the input in pixels, by default the images' own up to
    224. The same call on the same folder resumes.

    `devices` and `accelerator` are those of `training.train`, which also says how `torchrun` starts it on several
    machines. `train_scenes` is for boxes and masks.

    Raises `EdgewiseError` for data, a model or options that cannot be used.
    """
    at_least(1, {"epochs": epochs, "batch_size": batch_size, "devices": devices})
    at_least(0, {"seed": seed, "workers": workers})
    start = start_of(model, width=width, weights=weights)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    asked = Asked(out, recipe, epochs, batch_size, learning_rate, seed, workers, devices, accelerator, command)
    plan = _plan(start, dataset, size, seed, flip)
    return run(asked, plan, start, dataset, described(dataset), evaluate, progress=progress, tell=tell)


def _plan(start: Start, dataset: Dataset, size: int | None, seed: int, flip: bool | None) -> Plan:
    found = statistics(dataset.splits["train"])
    size = size or found.size
    architecture = start.architecture.with_classes(len(dataset.classes)).with_input(size)
    flip = dataset.source != "digits" if flip is None else flip
    recipe = default_recipe(dataset, size, seed=seed, flip=flip)
    if start.tensors is not None or not any(isinstance(node.op, BatchNorm) for node in architecture.graph.nodes):
        recipe = gentle(recipe)
    preprocessing = start.prepared(preprocessing_for(size, found))
    return Plan(architecture, preprocessing, start.network(architecture, dataset.classes, seed), size, recipe)
