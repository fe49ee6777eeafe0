"""`train`: one network on the user's data, into a model file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.data import open_dataset
from edgewise.data.statistics import preprocessing_for, statistics
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.fitting.halving import default_recipe, with_epochs
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.training import Evaluation, Recipe, TrainResult, evaluate
from edgewise.training import train as train_network
from edgewise.verbs.resolve import architecture_of
from edgewise.weights import ModelCard, Provenance, save_model


@dataclass(frozen=True, eq=False)
class Trained:
    """The model file that was written, how training went, and the scores on the test images (None without any)."""

    model_file: Path
    card: ModelCard
    training: TrainResult
    test: Evaluation | None


def train(
    data: str | Path,
    model: str | Path | Architecture = "mobilenet_v3_small",
    *,
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
    workers: int = 0,
    devices: int = 1,
    nodes: int = 1,
    accelerator: str = "auto",
    command: str = "edgewise.train(...)",
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
) -> Trained:
    """Trains `model`, a name of the zoo, a model file or an architecture, on `data`; writes `out`/model.safetensors.

    A model file starts from its weights, with a fresh classifier where the classes differ. Without `recipe` the one
    that `fit` uses is taken; `epochs`, `batch_size` and `learning_rate` change single numbers of it. `size` is the
    input in pixels, by default the images' own up to 224. The same call on the same folder resumes.

    Raises `EdgewiseError` for data, a model or options that cannot be used.
    """
    say = tell or (lambda text: None)
    folder = Path(out)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    found = statistics(dataset.splits["train"])
    size = size or found.size
    architecture = architecture_of(model, width=width, size=size, classes=len(dataset.classes))
    flip = dataset.source != "digits" if flip is None else flip
    recipe = recipe or default_recipe(dataset, size, seed=seed, flip=flip)
    recipe = with_epochs(recipe, epochs, recipe.precision) if epochs is not None else recipe
    changes = {"batch_size": batch_size, "learning_rate": learning_rate}
    recipe = replace(recipe, **{name: value for name, value in changes.items() if value is not None})
    preprocessing = preprocessing_for(size, found)
    say(f"{dataset.source}: {len(dataset.splits['train'])} images to train {architecture.name} at {size} pixels")
    network = _network(model, architecture, seed)
    training = train_network(
        network,
        dataset,
        recipe,
        folder,
        preprocessing=preprocessing,
        workers=workers,
        devices=devices,
        nodes=nodes,
        accelerator=accelerator,
        progress=progress,
    )
    test = evaluate(network, dataset.splits["test"], preprocessing) if len(dataset.splits["test"]) else None
    metrics = {f"val_{name}": value for name, value in training.metrics.items()}
    metrics |= {f"test_{name}": value for name, value in test.metrics().items()} if test else {}
    card = ModelCard(
        architecture=architecture,
        preprocessing=preprocessing,
        classes=dataset.classes,
        multi_label=dataset.multi_label,
        metrics=metrics,
        provenance=Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=command),
    )
    path = folder / "model.safetensors"
    save_model(path, network, card)
    record = {"command": command, "recipe": recipe.to_json(), "training": training.to_json(), "metrics": metrics}
    write_text(folder / "train.json", json.dumps(record, indent=1))
    return Trained(path, card, training, test)


def _network(model: str | Path | Architecture, architecture: Architecture, seed: int) -> Network:
    """A fresh network, or the one of a model file with its weights where the shapes agree."""
    network = Network(architecture, seed=seed)
    if isinstance(model, Architecture) or Path(model).suffix != ".safetensors":
        return network
    from edgewise.weights import load_model

    trained, _ = load_model(Path(model))
    state = network.state_dict()
    kept = {name: value for name, value in trained.state_dict().items() if state[name].shape == value.shape}
    different = [name for name in state if name not in kept and not name.split(".")[1].startswith("classes")]
    if different:
        raise EdgewiseError(
            f"the weights of {model} do not fit {architecture.name}: {different[0]} has another shape; "
            "leave out --width to start from them"
        )
    network.load_state_dict(kept, strict=False)
    return network


def named_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises `EdgewiseError` with the names there are."""
    from edgewise.training import recipes

    if name not in recipes.__all__:
        raise EdgewiseError(f"there is no recipe '{name}'; there are {', '.join(recipes.__all__)}")
    return getattr(recipes, name)()
