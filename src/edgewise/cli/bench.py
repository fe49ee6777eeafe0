"""`edgewise bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console
from edgewise.cli.rates import show_throughput
from edgewise.cli.settling import note_unsettled
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.devices import Latency
    from edgewise.verbs.bench import Benched


def bench(
    models: Annotated[list[str], Argument(help="Artifacts, model files, or names from `edgewise models`.")],
    width: Annotated[float | None, Option(help="Width multiplier of the named models.")] = None,
    size: Annotated[int | None, Option("--input", help="Input pixels of the named models.")] = None,
    classes: Annotated[int | None, Option(help="Classes of the named models.")] = None,
    runtime: Annotated[
        list[str] | None,
        Option(help="onnxruntime, openvino, executorch, torch_eager, …, or all; may be given more than once."),
    ] = None,
    precision: Annotated[
        list[str] | None,
        Option(
            help="fp32, bf16, int8, int8+bf16 or all; may be given more than once. "
            "By default int8 for quantised .onnx artifacts, fp32 for all else."
        ),
    ] = None,
    threads: Annotated[
        list[int] | None, Option(help="Threads of the runtime, by default 1; may be given more than once.")
    ] = None,
    seconds: Annotated[float, Option(help="The longest that is measured.")] = 30.0,
    budget: Annotated[str | None, Option(help="Say who keeps it: 5ms, 800us, '0.5x mobilenet_v2'.")] = None,
    profile: Annotated[
        Path | None, Option(help="A device profile, to say what share of the machine's peak is reached.")
    ] = None,
    data: Annotated[str | None, Option(help="Images to score on: a folder, a CSV, or digits, cifar10, …")] = None,
    split: Annotated[str, Option(help="Of the data: train, val, test or all.")] = "test",
    seed: Annotated[int, Option(help="The seed that divided the data in training.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files of the data that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    suppress_inside: Annotated[
        bool, Option("--suppress-inside", help="Of boxes: artifacts decode them and suppress overlapping ones.")
    ] = False,
    throughput: Annotated[
        bool, Option("--throughput", help="Images per second of streams beside each other, instead of latencies.")
    ] = False,
    streams: Annotated[int | None, Option(help="With --throughput: how many; by default one for each core.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models side by side, in one runtime or several, one image at a time."""
    _check(runtime, precision, budget)
    if throughput:
        others = {"--threads": threads, "--budget": budget, "--profile": profile, "--data": data}
        others |= {"--ignore-index": ignored, "--suppress-inside": suppress_inside or None}
        if given := [name for name, value in others.items() if value is not None]:
            raise EdgewiseError(f"--throughput measures streams of one thread each; leave out {', '.join(given)}")
        from edgewise.verbs.bench import throughput as run_streams

        throughputs = run_streams(
            models,
            width=width,
            size=size,
            classes=classes,
            runtime=runtime or "onnxruntime",
            precision=precision,
            streams=streams,
            seconds=seconds,
            progress=console.rounds(),
        )
        show_throughput(throughputs, as_json=as_json)
        return
    if streams is not None:
        raise EdgewiseError("--streams is for --throughput; for latencies on several threads give --threads")
    from edgewise.verbs.bench import bench as run

    found = run(
        models,
        width=width,
        size=size,
        classes=classes,
        runtime=runtime or "onnxruntime",
        precision=precision,
        threads=threads or 1,
        seconds=seconds,
        budget=budget,
        profile=profile,
        data=data,
        split=split,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        workers=workers,
        ignored=tuple(ignored or ()),
        suppress_inside=suppress_inside,
        progress=console.rounds(),
    )
    console.note_skipped(found.skipped)
    for note in found.notes:
        console.note(f"note: {note}")
    if as_json:
        console.show_json(found.to_json())
        return
    columns = _columns(found)
    rows = [[cell for _, cell in row] for row in _rows(found)]
    left = [index for index, name in enumerate(columns) if name in ("model", "runtime", "precision")]
    console.show(console.table(_title(found), columns, rows, left=left))
    console.show("models of one group are the same within noise")
    unsettled = [_label(found, one) for group in found.groups for one in group if not one.settled]
    note_unsettled(unsettled, sum(map(len, found.groups)))


def _check(runtime: list[str] | None, precision: list[str] | None, budget: str | None) -> None:
    """Raises `EdgewiseError` for what is misspelt, at once: what measures takes seconds to import."""
    from edgewise.devices import Budget
    from edgewise.papers import find
    from edgewise.verbs.bench.combinations import combinations

    if budget is not None and (reference := Budget.parse(budget).reference) is not None:
        find(reference)
    combinations(runtime or ["onnxruntime"], precision)


def _label(found: Benched, one: Latency) -> str:
    several = len(found.combinations) > 1
    where = f" in {one.runtime} {one.precision}" if several else ""
    return one.name + where + (f" on {one.threads}" if len(found.threads) > 1 else "")


def _title(found: Benched) -> str:
    machine, first = found.machine, found.groups[0][0]
    versions = {one.runtime: one.runtime_version for group in found.groups for one in group}
    asked = dict.fromkeys(name for name, _ in found.combinations)
    parts = [
        machine.cpu or machine.architecture,
        *(f"{name} {versions[name]}" for name in asked if name in versions),
        *([first.precision] if len(found.combinations) == 1 else []),
        *([console.counted(first.threads, "thread")] if len(found.threads) == 1 else []),
        "batch 1",
    ]
    if found.data is not None:
        parts.append(f"{found.measure} on {found.data}, {found.split}")
    if found.budget_ms is not None:
        limit = f"budget {console.milliseconds(found.budget_ms)} ms"
        if found.reference is not None:
            shape, classes = console.shape(found.reference.input), found.reference.classes
            limit += f" (of {found.reference.name} for {shape}, {classes} classes)"
        parts.append(limit)
    return ", ".join(parts)


def _columns(found: Benched) -> list[str]:
    return [name for name, _ in next(iter(_rows(found)))]


def _rows(found: Benched) -> list[list[tuple[str, str]]]:
    return [_row(found, number, one) for number, group in enumerate(found.groups, 1) for one in group]


def _row(found: Benched, number: int, one: Latency) -> list[tuple[str, str]]:
    """Every column that there is to show, with its cell."""
    facts, multiply_adds = found.facts[one], found.multiply_adds[one.name]
    row = [("group", str(number)), ("model", one.name)]
    if len(found.combinations) > 1:
        row += [("runtime", one.runtime), ("precision", one.precision)]
    if len(found.threads) > 1:
        row.append(("threads", str(one.threads)))
    row += [
        ("median, ms", console.milliseconds(one.median_ms)),
        ("95% interval", f"{one.low_ms:.3f}–{one.high_ms:.3f}"),
        ("p10, ms", console.milliseconds(one.p10_ms)),
        ("CPU, ms", "–" if one.cpu_median_ms is None else console.milliseconds(one.cpu_median_ms)),
    ]
    if found.data is not None:
        row.append((found.measure, console.percent(facts.accuracy)))
    row.append(("multiply-adds", "–" if multiply_adds is None else console.amount(multiply_adds)))
    if found.profile is not None:
        row.append(("of peak", "–" if facts.share_of_peak is None else f"{100 * facts.share_of_peak:.0f}%"))
    row.append(("file, MiB", console.mebibytes(facts.size_bytes)))
    if (verdict := found.verdict(one)) is not None:
        row.append(("budget", verdict.value))
    return row
