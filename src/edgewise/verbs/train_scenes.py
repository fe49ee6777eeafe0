"""`train` for boxes and masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgewise.blocks import Task
from edgewise.data import Dataset, open_dataset
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.papers.tasks import for_task
from edgewise.training import DetectionEvaluation, Recipe, SegmentationEvaluation, evaluate_scenes
from edgewise.training.recipes import scene_recipe
from edgewise.verbs.checks import at_least, described
from edgewise.verbs.scenes import (
    Size,
    scene_network,
    scene_preprocessing,
    scene_size,
    told,
    without_flip,
)
from edgewise.verbs.start import Start, start_of
from edgewise.verbs.training_run import Asked, Plan, Trained, run


def train_scenes(
    data: str | Path,
    model: str | Path | Architecture = "mobilenet_v3_small",
    *,
    task: Task | None = None,
    weights: str | Path | None = None,
    out: str | Path = "runs/train",
    width: float | None = None,
    size: int | Size | None = None,
    ignored: tuple[int, ...] = (),
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
    command: str = "edgewise.train_scenes(...)",
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
) -> Trained[DetectionEvaluation | SegmentationEvaluation]:
    """Trains `model` on the boxes or masks of `data` (`task`, by default what the data has), as `train` does.

    `model` is a network for them (`models(task="detect")`), or a classifier, which gets SSDLite's or LR-ASPP's head and
    gives the body its weights. `size` is the input in pixels, or (height, width): 320 for boxes, the images' own for
    masks. `ignored` are values of masks that are nobody's. Without `recipe` it is `quick_detect` or `quick_segment`.

    Raises `EdgewiseError` for data, a model or options that cannot be used.
    """
    at_least(1, {"epochs": epochs, "batch_size": batch_size, "devices": devices})
    at_least(0, {"seed": seed, "workers": workers})
    start = start_of(model, width=width, weights=weights)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, task=task, ignored=ignored)
    if dataset.task == "classify":
        raise EdgewiseError(f"{dataset.source} has neither boxes nor masks; train a classifier on it")
    asked = Asked(out, recipe, epochs, batch_size, learning_rate, seed, workers, devices, accelerator, command)
    plan = _plan(start, dataset, size, seed, flip)
    about = described(dataset) + told(dataset)
    return run(asked, plan, start, dataset, about, evaluate_scenes, progress=progress, tell=tell)


def _plan(start: Start, dataset: Dataset, size: int | Size | None, seed: int, flip: bool | None) -> Plan:
    pixels = scene_size(dataset, size)
    architecture = for_task(start.architecture, dataset.task, len(dataset.classes), *pixels)
    recipe = scene_recipe(dataset.task, seed=seed, flip=not without_flip(dataset) if flip is None else flip)
    preprocessing = scene_preprocessing(dataset, start, pixels)
    network = scene_network(start, architecture, dataset.classes, seed)
    return Plan(architecture, preprocessing, network, f"{pixels[0]}×{pixels[1]}", recipe)
