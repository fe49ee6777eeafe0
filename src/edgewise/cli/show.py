"""`edgewise show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.show import Shown


def show(
    model: Annotated[
        str, Argument(help="A name from `edgewise models`, a model file, an ONNX file, or an architecture as JSON.")
    ],
    width: Annotated[float | None, Option(help="Width multiplier, rounded by the paper's rule.")] = None,
    size: Annotated[int | None, Option("--input", help="Images of this many pixels a side.")] = None,
    classes: Annotated[int | None, Option(help="Number of classes.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a network as its paper's table, or a file's nodes, with what every row costs."""
    from edgewise.verbs.show import show as count_model

    shown = count_model(model, width=width, size=size, classes=classes)
    if as_json:
        console.show_json(shown.to_json())
        return
    console.show(_rows(shown), _kinds(shown), *_summary(shown))


def _rows(shown: Shown) -> object:
    lines = [
        (
            line.row,
            line.description,
            console.shape(line.output),
            console.amount(line.multiply_adds),
            console.amount(line.parameters),
            console.mebibytes(line.bytes_read),
            console.mebibytes(line.bytes_written),
        )
        for line in shown.rows
    ]
    columns = ("row", "what it does", "output", "multiply-adds", "parameters", "read, MiB", "written, MiB")
    if shown.architecture is None:
        return console.table(shown.name, ("node", *columns[1:]), lines, left=(0, 1))
    return console.table(str(shown.architecture), columns, lines, left=(1,))


def _kinds(shown: Shown) -> object:
    costs = shown.costs
    lines = [
        (
            kind,
            console.amount(cost.multiply_adds),
            console.percent(cost.multiply_adds / max(1, costs.multiply_adds)),
            console.amount(cost.parameters),
            console.percent(cost.parameters / max(1, costs.parameters)),
            console.amount(cost.elements),
            console.mebibytes(cost.bytes_read + cost.bytes_written),
        )
        for kind, cost in shown.kinds.items()
    ]
    columns = ("kind of op", "multiply-adds", "share", "parameters", "share", "other elements", "moved, MiB")
    return console.table("by kind of op", columns, lines)


def _summary(shown: Shown) -> list[str]:
    costs = shown.costs
    moved = f"{console.mebibytes(costs.bytes_read)} MiB read, {console.mebibytes(costs.bytes_written)} MiB written"
    peak = f"{console.mebibytes(costs.peak_activation_bytes)} MiB of activations at the peak"
    return [
        _input(shown),
        f"{console.amount(costs.multiply_adds)} multiply-adds, {console.amount(costs.parameters)} parameters",
        f"{'at fp32' if shown.architecture else 'in the types of the file'}: {moved}, {peak}",
        *[f"note: {note}" for note in shown.notes],
    ]


def _input(shown: Shown) -> str:
    said = "input " + " and ".join(map(console.shape, shown.inputs))
    if (architecture := shown.architecture) is None:
        return said
    return f"{said}, {architecture.classes} classes, digest {architecture.digest[:12]}"
