"""`edgewise train`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console
from edgewise.errors import EdgewiseError


def train(
    data: Annotated[str, Argument(help="An image folder, a CSV of paths and labels, boxes, masks, or digits, …")],
    model: Annotated[str, Option(help="A name from `edgewise models`, a model file, or an architecture as JSON.")],
    weights: Annotated[
        str | None,
        Option(
            help="Start from others' weights: torchvision, timm, keras, authors, a name of `models --weights`, a file; "
            "or from a model file that has the same body."
        ),
    ] = None,
    out: Annotated[Path, Option(help="Folder for the model file; the same command on it resumes.")] = Path(
        "runs/train"
    ),
    width: Annotated[float | None, Option(help="Width multiplier.")] = None,
    size: Annotated[
        str | None,
        Option("--input", help="Input pixels, or height×width as 360x480; by default the images' own, at most 224."),
    ] = None,
    task: Annotated[str | None, Option(help="classify, detect or segment; by default what the data is for.")] = None,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    recipe: Annotated[str | None, Option(help="A recipe by name (thorough, paper_resnet, …) instead of fit's.")] = None,
    epochs: Annotated[int | None, Option(help="Passes over the training images.")] = None,
    batch_size: Annotated[int | None, Option(help="Images per step.")] = None,
    learning_rate: Annotated[float | None, Option(help="Peak learning rate.")] = None,
    flip: Annotated[bool | None, Option("--flip/--no-flip", help="Mirror training images at random.")] = None,
    seed: Annotated[int, Option(help="Seed of splits, weights, order and augmentation.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
    devices: Annotated[int, Option(help="Processes or GPUs of this machine.")] = 1,
    nodes: Annotated[
        int, Option(help="Machines; the same command on each, with NODE_RANK and MASTER_ADDR in its environment.")
    ] = 1,
    accelerator: Annotated[str, Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Train one network on your data into a model file."""
    from edgewise.cli.nodes import hand_over

    hand_over(nodes, devices)
    from edgewise.training.processes import outside_rank
    from edgewise.verbs.scenes import task_for
    from edgewise.verbs.train import named_recipe, train
    from edgewise.verbs.train_scenes import train_scenes

    pixels, wanted = console.pixels(size), task_for(data, console.task(task))
    if wanted != "classify":
        run = partial(train_scenes, task=wanted, size=pixels, ignored=tuple(ignored or ()))
    elif isinstance(pixels, tuple):
        raise EdgewiseError("classifiers are trained on square images; give --input one number")
    else:
        run = partial(train, size=pixels)
    trained = run(
        data,
        model,
        weights=weights,
        out=out,
        width=width,
        recipe=named_recipe(recipe) if recipe else None,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        flip=flip,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        workers=workers,
        devices=devices,
        accelerator=accelerator,
        command=console.command_line(),
        tell=console.note,
    )
    if outside_rank():
        return
    result = trained.training
    rows = [console.metric(name, value) for name, value in trained.card.metrics.items()]
    console.note_skipped(trained.skipped)
    console.show(console.table(trained.card.architecture.name, ("metric", "value"), rows))
    console.show(
        f"{console.counted(result.epochs, 'epoch')}, {result.images_per_second:.0f} images/s, {result.seconds:.0f} s, "
        f"precision {result.precision}; written to {trained.model_file}"
    )
