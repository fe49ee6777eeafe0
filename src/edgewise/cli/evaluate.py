"""`edgewise evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.evaluate import Evaluated


def evaluate(
    model: Annotated[Path, Argument(help="A model file (.safetensors) or an artifact (.onnx).")],
    data: Annotated[str, Argument(help="An image folder, a CSV, or digits, cifar10, …")],
    split: Annotated[str, Option(help="train, val or test.")] = "test",
    seed: Annotated[int, Option(help="The seed that divided the data in training.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a model file or an artifact on data, in total and per class."""
    from edgewise.verbs.evaluate import evaluate as run

    found = run(model, data, split=split, seed=seed, skip_bad=skip_bad, root=root, workers=workers)
    console.note_skipped(found.skipped)
    if as_json:
        console.show_json(_as_json(found))
        return
    what = "average precision" if found.scores.confusion is None else "recall"
    per_class = [
        (name, console.percent(None if value != value else float(value)))
        for name, value in zip(found.classes, found.scores.per_class, strict=True)
    ]
    totals = [console.metric(name, value) for name, value in found.scores.metrics().items()]
    images = console.counted(found.images, "image")
    console.show(
        console.table("per class", ("class", what), per_class),
        console.table(f"{found.model} on {images} of {found.data}, {found.split}", ("metric", "value"), totals),
    )


def _as_json(found: Evaluated) -> dict[str, object]:
    return {
        "model": found.model,
        "data": found.data,
        "split": found.split,
        "images": found.images,
        "skipped": len(found.skipped),
        **found.scores.metrics(),
        "per_class": {
            name: None if value != value else float(value)
            for name, value in zip(found.classes, found.scores.per_class, strict=True)
        },
        "confusion": None if found.scores.confusion is None else found.scores.confusion.tolist(),
    }
