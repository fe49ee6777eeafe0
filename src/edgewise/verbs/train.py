"""`train`: one network on the user's data, into a model file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.data import BadImage, open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.errors import EdgewiseError
from edgewise.files import file_digest, write_text
from edgewise.fitting.halving import default_recipe, with_epochs
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.training import Evaluation, Recipe, TrainResult, evaluate
from edgewise.training import train as train_network
from edgewise.training.processes import outside_rank
from edgewise.training.recipe import gentle
from edgewise.verbs.checks import at_least, decoding_workers, described
from edgewise.verbs.start import start_of
from edgewise.weights import ModelCard, Provenance, save_model


@dataclass(frozen=True, eq=False)
class Trained:
    """The model file that was written, how training went, and the scores on the test images, and what
    files of the data were left out."""

    model_file: Path
    card: ModelCard
    training: TrainResult
    test: Evaluation
    skipped: tuple[BadImage, ...]


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
) -> Trained:
    """Trains `model`, a name of the zoo, a model file or an architecture, on `data`; writes `out`/model.safetensors.

    A model file starts from its weights, with a fresh classifier where the classes differ; so does a network of the
    zoo from `weights` of others, named as for `convert`, and takes pixels as they want them. Without `recipe` the one
    that `fit` uses is taken (from weights, and without batch norm, `gentle`); `epochs`, `batch_size` and
    `learning_rate` change single numbers of it. `size` is the input in pixels, by default the images' own up to
    224. The same call on the same folder resumes.

    `devices` and `accelerator` are those of `training.train`, which also says how `torchrun` starts it on several
    machines.

    Raises `EdgewiseError` for data, a model or options that cannot be used.
    """
    leads = outside_rank() == 0
    say = tell if tell and leads else (lambda text: None)
    at_least(1, {"epochs": epochs, "batch_size": batch_size, "devices": devices})
    at_least(0, {"seed": seed, "workers": workers})
    start = start_of(model, width=width, weights=weights)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    found = statistics(dataset.splits["train"])
    size = size or found.size
    architecture = start.architecture.with_classes(len(dataset.classes)).with_input(size)
    flip = dataset.source != "digits" if flip is None else flip
    if recipe is None:
        recipe = default_recipe(dataset, size, seed=seed, flip=flip)
        if start.tensors is not None or not any(isinstance(node.op, BatchNorm) for node in architecture.graph.nodes):
            recipe = gentle(recipe)
    recipe = with_epochs(recipe, epochs, recipe.precision) if epochs is not None else recipe
    changes = {"batch_size": batch_size, "learning_rate": learning_rate}
    recipe = replace(recipe, **{name: value for name, value in changes.items() if value is not None})
    preprocessing = start.prepared(preprocessing_for(size, found))
    network = start.network(architecture, dataset.classes, seed)
    asked = {
        "verb": "train",
        "data": dataset.digest,
        "model": architecture.digest,
        "weights": file_digest(start.file) if start.file is not None else None,
        "input": size,
        **recipe.to_json(),
        "seed": seed,
    }
    with RunFolder(Path(out), asked) as folder:
        begin = f" from {start.file}" if start.file is not None else ""
        say(described(dataset) + f"; training {architecture.name} at {size} pixels{begin}")
        training = train_network(
            network,
            dataset,
            recipe,
            folder.path,
            preprocessing=preprocessing,
            workers=decoding_workers(workers),
            devices=devices,
            accelerator=accelerator,
            progress=progress,
        )
        test = evaluate(network, dataset.splits["test"], preprocessing, workers=decoding_workers(workers))
    metrics = {f"val_{name}": value for name, value in training.metrics.items()}
    metrics |= {f"test_{name}": value for name, value in test.metrics().items()}
    card = ModelCard(
        architecture=architecture,
        preprocessing=preprocessing,
        classes=dataset.classes,
        multi_label=dataset.multi_label,
        metrics=metrics,
        provenance=Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=command),
    )
    path = folder.path / "model.safetensors"
    if leads:
        save_model(path, network, card)
        record = {"command": command, "recipe": recipe.to_json(), "training": training.to_json(), "metrics": metrics}
        write_text(folder.path / "train.json", json.dumps(record, indent=1, allow_nan=False))
    return Trained(path, card, training, test, dataset.skipped)


def named_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises `EdgewiseError` with the names there are."""
    from edgewise.training import recipes

    if name not in recipes.__all__:
        raise EdgewiseError(f"there is no recipe '{name}'; there are {', '.join(recipes.__all__)}")
    return getattr(recipes, name)()
