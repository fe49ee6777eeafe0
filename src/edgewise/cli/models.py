"""`edgewise models`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console
from edgewise.errors import EdgewiseError


def models(
    pattern: Annotated[str, Argument(help="Names to list, with * and ?.")] = "*",
    family: Annotated[str | None, Option(help="Only this family, such as mobilenet_v3.")] = None,
    size: Annotated[int | None, Option("--input", help="Count for images of this many pixels a side.")] = None,
    task: Annotated[str, Option(help="classify, detect or segment.")] = "classify",
    sort: Annotated[str, Option(help="multiply-adds, parameters, memory or name.")] = "multiply-adds",
    weights: Annotated[
        bool, Option("--weights", help="List the weights that others have published, with the accuracy they report.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the zoo with what every variant costs, or the weights there are for it."""
    if weights:
        if size is not None or sort != "multiply-adds":
            raise EdgewiseError("--input and --sort are about costs; leave them out with --weights")
        if console.task(task) not in (None, "classify"):
            raise EdgewiseError("--weights lists those of classifiers, whose bodies others take; leave --task out")
        _weights(pattern, family, as_json)
        return
    from edgewise.verbs.models import models as find_models

    wanted = console.task(task) or "classify"
    found = find_models(pattern, family=family, size=size, sort=sort, task=wanted)  # type: ignore[arg-type]
    if size is not None:
        fits = {info.name for info in found}
        left_out = [info.name for info in find_models(pattern, family=family, task=wanted) if info.name not in fits]
        if left_out:
            console.note(f"images of {size}×{size} are too small for {', '.join(left_out)}")
    if as_json:
        console.show_json([asdict(info) for info in found])
        return
    rows = [
        (
            info.name,
            info.family,
            f"{info.size}",
            console.amount(info.multiply_adds),
            console.amount(info.parameters),
            console.mebibytes(info.peak_activation_bytes),
        )
        for info in found
    ]
    columns = ("model", "family", "input", "multiply-adds", "parameters", "peak activations, MiB")
    console.show(console.table(console.counted(len(found), "model"), columns, rows, left=(0, 1)))


def _weights(pattern: str, family: str | None, as_json: bool) -> None:
    from edgewise.verbs.models import published_weights

    found = published_weights(pattern, family=family)
    if as_json:
        console.show_json([asdict(info) for info in found])
        return
    rows = [
        (info.model, info.source, info.name, f"{info.size}", console.percent(info.top1), console.percent(info.top5))
        for info in found
    ]
    columns = ("model", "--weights", "or by name", "input", "top-1", "top-5")
    title = f"{console.counted(len(found), 'set')} of weights, ImageNet accuracies as their sources report them"
    console.show(console.table(title, columns, rows, left=(0, 1, 2)))
