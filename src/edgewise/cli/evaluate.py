"""`edgewise evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.evaluate import Evaluated
    from edgewise.verbs.evaluate_scenes import EvaluatedScenes


def evaluate(
    model: Annotated[Path, Argument(help="A model file (.safetensors) or an artifact (.onnx, .pte).")],
    data: Annotated[str, Argument(help="An image folder, a CSV, or digits, cifar10, …")],
    split: Annotated[str, Option(help="train, val, test or all: every image, undivided.")] = "test",
    seed: Annotated[int, Option(help="The seed that divided the data in training.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
    runtime: Annotated[
        str | None,
        Option(help="What an artifact runs in: onnxruntime, openvino or executorch; by default its ending tells."),
    ] = None,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a model file or an artifact on data, in total and per class."""
    from edgewise.verbs.evaluate import evaluate as run
    from edgewise.verbs.resolve import gives_scenes

    if gives_scenes(model):
        from edgewise.verbs.evaluate_scenes import evaluate_scenes

        scenes = evaluate_scenes(
            model,
            data,
            split=split,
            seed=seed,
            skip_bad=skip_bad,
            root=root,
            workers=workers,
            ignored=tuple(ignored or ()),
            runtime=runtime,
        )
        _show_scenes(scenes, as_json)
        return
    found = run(model, data, split=split, seed=seed, skip_bad=skip_bad, root=root, workers=workers, runtime=runtime)
    console.note_skipped(found.skipped)
    for note in found.notes:
        console.note(f"note: {note}")
    if as_json:
        console.show_json(_as_json(found))
        return
    what = _measure(found)
    per_class = [(name, str(images), console.percent(value)) for name, (images, value) in found.per_class().items()]
    totals = [_worded(name, value, found.scores.top5) for name, value in found.scores.metrics().items()]
    images = console.counted(found.images, "image")
    console.show(
        console.table("per class", ("class", "images", what.replace("_", " ")), per_class),
        console.table(f"{found.model} on {images} of {found.data}, {found.split}", ("metric", "value"), totals),
    )


def _show_scenes(found: EvaluatedScenes, as_json: bool) -> None:
    console.note_skipped(found.skipped)
    for note in found.notes:
        console.note(f"note: {note}")
    what, metrics = found.measure, found.scores.metrics()
    if as_json:
        whole = {"model": found.model, "data": found.data, "split": found.split, "images": found.images}
        per_class = {name: {what: value} for name, value in found.per_class().items()}
        notes = {"skipped": len(found.skipped), "notes": list(found.notes)}
        console.show_json({**whole, **notes, **metrics, "per_class": per_class})
        return
    rows = [(name, console.percent(value)) for name, value in found.per_class().items()]
    images = console.counted(found.images, "image")
    totals = [console.metric(name, value) for name, value in metrics.items()]
    console.show(
        console.table("per class", ("class", what.replace("_", " ")), rows),
        console.table(f"{found.model} on {images} of {found.data}, {found.split}", ("metric", "value"), totals),
    )


def _measure(found: Evaluated) -> str:
    return "average_precision" if found.scores.confusion is None else "recall"


def _worded(name: str, value: float, top5: float | None) -> tuple[str, str]:
    words, written = console.metric(name, value)
    told_apart = {"accuracy": "top-1 accuracy", "top5": "top-5 accuracy"} if top5 is not None else {}
    return told_apart.get(words, words), written


def _as_json(found: Evaluated) -> dict[str, object]:
    what = _measure(found)
    return {
        "model": found.model,
        "data": found.data,
        "split": found.split,
        "images": found.images,
        "skipped": len(found.skipped),
        "notes": list(found.notes),
        **found.scores.metrics(),
        "per_class": {name: {"images": images, what: value} for name, (images, value) in found.per_class().items()},
        "confusion": _confusion(found),
    }


def _confusion(found: Evaluated) -> dict[str, dict[str, int]] | None:
    """How many images of each class were taken for each other one, without zeros: of 1,000 classes most never are."""
    if found.scores.confusion is None:
        return None
    return {
        found.classes[true]: {found.classes[index]: int(row[index]) for index in row.nonzero()[0]}
        for true, row in enumerate(found.scores.confusion)
        if row.any()
    }
