"""`edgewise fit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console

if TYPE_CHECKING:
    from edgewise.verbs.fit import FitResult


def fit(
    data: Annotated[str, Argument(help="An image folder, a CSV of paths and labels, boxes, masks, or digits, …")],
    budget: Annotated[str, Option(help="Latency for one image: 5ms, 800us, or '0.6x mobilenet_v2'.")],
    out: Annotated[Path, Option(help="Folder for everything; the same command on it resumes.")] = Path("runs/fit"),
    minutes: Annotated[float, Option(help="About how long all training together may take.")] = 12.0,
    epochs: Annotated[int | None, Option(help="Fix the epochs of every candidate instead.")] = None,
    candidates: Annotated[int, Option(help="How many networks begin training.")] = 4,
    size: Annotated[
        str | None,
        Option("--input", help="Largest input in pixels, or height×width as 360x480; by default the images' own."),
    ] = None,
    task: Annotated[str | None, Option(help="classify, detect or segment; by default what the data is for.")] = None,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    runtime: Annotated[
        list[str] | None, Option(help="Where it may run: onnxruntime, openvino or auto; may be given more than once.")
    ] = None,
    precision: Annotated[
        str, Option(help="auto, fp32, bf16 or int8: auto takes the fastest that stays accurate.")
    ] = "auto",
    device: Annotated[
        Path | None, Option(help="A profile from `edgewise device import`: latencies are predicted for that device.")
    ] = None,
    threads: Annotated[int, Option(help="Threads the artifact will run with.")] = 1,
    flip: Annotated[bool | None, Option("--flip/--no-flip", help="Mirror training images at random.")] = None,
    seed: Annotated[int, Option(help="Seed of splits, weights, order and augmentation.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
) -> None:
    """Find, train, export and measure the most accurate network for your images within a latency budget."""
    from edgewise.devices import Budget
    from edgewise.papers import find

    # A misspelt budget is told at once; what follows takes seconds to import.
    asked = Budget.parse(budget)
    if asked.reference is not None:
        find(asked.reference)
    from edgewise.verbs.fit import fit as run

    result = run(
        data,
        asked,
        out=out,
        minutes=minutes,
        epochs=epochs,
        candidates=candidates,
        size=console.pixels(size),
        task=console.task(task),
        ignored=tuple(ignored or ()),
        runtime=runtime or "auto",
        precision=precision,
        device=device,
        threads=threads,
        flip=flip,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        workers=workers,
        command=console.command_line(),
        tell=console.note,
    )
    console.note_skipped(result.skipped)
    console.show(_considered(result), _delivered(result))


def _considered(result: FitResult) -> object:
    standings = {one.candidate: one for one in result.standings}
    rows = []
    for candidate in sorted(result.selected, key=lambda one: one.name != result.winner.name):
        standing, latency = standings.get(candidate.name), candidate.latency
        assert latency is not None
        rows.append(
            (
                candidate.name,
                console.amount(candidate.multiply_adds),
                console.amount(candidate.parameters),
                console.milliseconds(latency.median_ms),
                f"{latency.low_ms:.3f}–{latency.high_ms:.3f}",
                f"{latency.runtime} {latency.precision}",
                "–" if standing is None else f"{console.percent(standing.score)} after {standing.stage}",
                "winner" if candidate.name == result.winner.name else "",
            )
        )
    columns = ("candidate", "multiply-adds", "parameters", "median, ms", "95% interval", "in", "validation", "")
    how = "predicted" if result.delivery.latency.predicted else "timed"
    return console.table(f"trained, of {len(result.measured.candidates)} {how}", columns, rows, left=(0, 5, 7))


def _delivered(result: FitResult) -> object:
    delivery = result.delivery
    latency = delivery.latency
    predicted = ", predicted," if latency.predicted else ""
    # A floating-point form is called as its precision is.
    form = "" if delivery.form.name == latency.precision else f", {delivery.form.name}"
    rows = [
        (
            f"latency{predicted} of the artifact",
            f"{latency.median_ms:.3f} ms ({latency.low_ms:.3f}–{latency.high_ms:.3f})",
        ),
        ("runs in", f"{latency.runtime} {latency.precision}{form}"),
        ("budget", f"{delivery.budget_ms:.3f} ms: {delivery.verdict.value}"),
        *[
            console.metric(f"{split}_{name}", value)
            for split, scores in (("val", delivery.validation), ("test", delivery.test))
            for name, value in scores.metrics().items()
        ],
        ("its fp32 export differs from torch by", f"{delivery.parity.difference:.1e} of the scores' range"),
        ("artifact", str(delivery.artifact)),
        ("model file", str(delivery.model_file)),
        ("report", str(result.folder / "report.html")),
    ]
    return console.table(f"{result.winner.name}; all scores are the artifact's", ("", ""), rows, left=(0, 1))
