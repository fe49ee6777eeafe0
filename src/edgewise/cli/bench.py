"""`edgewise bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.devices import Latency
    from edgewise.verbs.bench import Benched


def bench(
    models: Annotated[list[str], Argument(help="Artifacts (.onnx), model files, or names from `edgewise models`.")],
    width: Annotated[float | None, Option(help="Width multiplier of the named models.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels of the named models.")] = None,
    classes: Annotated[int | None, Option(help="Classes of the named models.")] = None,
    runtime: Annotated[list[str] | None, Option(help="onnxruntime or openvino; may be given more than once.")] = None,
    precision: Annotated[list[str] | None, Option(help="fp32 or bf16; may be given more than once.")] = None,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    seconds: Annotated[float, Option(help="The longest that is measured.")] = 30.0,
    budget: Annotated[str | None, Option(help="Say who keeps it: 5ms, 800us, '0.5x mobilenet_v2'.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models side by side, in one runtime or several, one image at a time."""
    from edgewise.verbs.bench import bench as run

    found = run(
        models,
        width=width,
        size=size,
        classes=classes,
        runtime=runtime or "onnxruntime",
        precision=precision or "fp32",
        threads=threads,
        seconds=seconds,
        budget=budget,
        progress=console.rounds(),
    )
    for note in found.notes:
        console.note(f"note: {note}")
    if as_json:
        console.show_json(found.to_json())
        return
    several = len(found.combinations) > 1
    columns = ["group", "model", *(["runtime", "precision"] if several else [])]
    columns += ["median, ms", "95% interval", "p10, ms", "CPU, ms", "multiply-adds", "file, MiB"]
    if found.budget is not None:
        columns.append("budget")
    console.show(console.table(_title(found), columns, _rows(found), left=(1, 2, 3) if several else (1,)))
    console.show("models of one group are the same within noise")
    unsettled = [_label(one, several) for group in found.groups for one in group if not one.settled]
    if unsettled:
        console.note(f"not settled to 3% when the time was up: {', '.join(unsettled)}; give more --seconds")


def _label(latency: Latency, several: bool) -> str:
    return f"{latency.name} in {latency.runtime} {latency.precision}" if several else latency.name


def _title(found: Benched) -> str:
    machine, first = found.machine, found.groups[0][0]
    versions = {one.runtime: one.runtime_version for group in found.groups for one in group}
    asked = dict.fromkeys(name for name, _ in found.combinations)
    parts = [
        machine.cpu or machine.architecture,
        *(f"{name} {versions[name]}" for name in asked if name in versions),
        *([first.precision] if len(found.combinations) == 1 else []),
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
                *((one.runtime, one.precision) if len(found.combinations) > 1 else ()),
                console.milliseconds(one.median_ms),
                f"{one.low_ms:.3f}–{one.high_ms:.3f}",
                console.milliseconds(one.p10_ms),
                "–" if one.cpu_median_ms is None else console.milliseconds(one.cpu_median_ms),
                "–" if multiply_adds is None else console.amount(multiply_adds),
                console.mebibytes(found.size_bytes[one.name]),
            )
            verdict = found.verdict(one)
            rows.append(row if verdict is None else (*row, verdict.value))
    return rows
