"""`edgewise convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def convert(
    model: Annotated[str, Argument(help="A name from `edgewise models`: the network that the weights are of.")],
    weights: Annotated[
        str,
        Argument(help="torchvision, timm, keras or authors, a name from `edgewise models --weights`, or a file."),
    ],
    out: Annotated[Path | None, Argument(help="The model file to write; by default MODEL.safetensors.")] = None,
    like: Annotated[
        str | None, Option(help="The published set whose form and preprocessing a file has, where its name differs.")
    ] = None,
    classes: Annotated[
        Path | None, Option(help="A file with one class name per line; 1,000 classes are ImageNet's.")
    ] = None,
) -> None:
    """Turn weights that others have published into a model file."""
    from edgewise.verbs.convert import convert as run
    from edgewise.verbs.convert import read_classes

    names = read_classes(classes) if classes else None
    made = run(model, weights, out, like=like, classes=names, command=console.command_line())
    size = console.shape(made.card.architecture.input)
    reported = [
        f"{console.metric(name, value)[0]} {console.percent(value)}" for name, value in made.card.metrics.items()
    ]
    console.show(
        f"{made.model_file}: {made.card.architecture.name} with weights of {made.source} from {made.file}, "
        + ", ".join([f"input {size}", f"{len(made.card.classes)} classes", *reported])
    )
