"""`edgewise bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.bench import Benched


def bench(
    models: Annotated[list[str], Argument(help="Artifacts (.onnx), model files, or names from `edgewise models`.")],
    width: Annotated[float | None, Option(help="Width multiplier of the named models.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels of the named models.")] = None,
    classes: Annotated[int | None, Option(help="Classes of the named models.")] = None,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    seconds: Annotated[float, Option(help="The longest that is measured.")] = 30.0,
    budget: Annotated[str | None, Option(help="Say who keeps it: 5ms, 800us, '0.5x mobilenet_v2'.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models side by side in ONNX Runtime, one image at a time."""
    from edgewise.verbs.bench import bench as run

    found = run(
        models,
        width=width,
        size=size,
        classes=classes,
        threads=threads,
        seconds=seconds,
        budget=budget,
        progress=console.rounds(),
    )
    if as_json:
        console.show_json(found.to_json())
        return
    columns = ["group", "model", "median, ms", "95% interval", "p10, ms", "CPU, ms", "multiply-adds", "file, MiB"]
    if found.verdicts:
        columns.append("budget")
    console.show(console.table(_title(found), columns, _rows(found), left=(1,)))
    console.show("models of one group are the same within noise")
    unsettled = [one.name for group in found.groups for one in group if not one.settled]
    if unsettled:
        console.note(f"not settled to 3% when the time was up: {', '.join(unsettled)}; give more --seconds")


def _title(found: Benched) -> str:
    machine, first = found.machine, found.groups[0][0]
    parts = [
        machine.cpu or machine.architecture,
        f"{first.runtime} {machine.runtime_version}",
        console.counted(first.threads, "thread"),
        "batch 1",
    ]
    if found.budget_ms is not None:
        parts.append(f"budget {console.milliseconds(found.budget_ms)} ms")
    if found.reference is not None:
        shape, classes = console.shape(found.reference.input), found.reference.classes
        parts[-1] += f" (of {found.reference.name} for {shape}, {classes} classes)"
    return ", ".join(parts)


def _rows(found: Benched) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for number, group in enumerate(found.groups, 1):
        for one in group:
            multiply_adds = found.multiply_adds[one.name]
            row = (
                str(number),
                one.name,
                console.milliseconds(one.median_ms),
                f"{one.low_ms:.3f}–{one.high_ms:.3f}",
                console.milliseconds(one.p10_ms),
                "–" if one.cpu_median_ms is None else console.milliseconds(one.cpu_median_ms),
                "–" if multiply_adds is None else console.amount(multiply_adds),
                console.mebibytes(found.size_bytes[one.name]),
            )
            rows.append((*row, found.verdicts[one.name].value) if found.verdicts else row)
    return rows
