"""`edgewise models`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def models(
    pattern: Annotated[str, Argument(help="Names to list, with * and ?.")] = "*",
    family: Annotated[str | None, Option(help="Only this family, such as mobilenet_v3.")] = None,
    size: Annotated[int | None, Option("--input", help="Count for images of this many pixels a side.")] = None,
    sort: Annotated[str, Option(help="multiply-adds, parameters, memory or name.")] = "multiply-adds",
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the zoo with what every variant costs."""
    from edgewise.verbs.models import models as find_models

    found = find_models(pattern, family=family, size=size, sort=sort)  # type: ignore[arg-type]
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
