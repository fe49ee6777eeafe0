"""`edgewise quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console
from edgewise.cli.settling import note_unsettled

if TYPE_CHECKING:
    from edgewise.deploy.quantization.trials import Attempt
    from edgewise.verbs.quantize import Quantized


def quantize(
    model: Annotated[Path, Argument(help="A model file (.safetensors) or an artifact (.onnx).")],
    data: Annotated[str, Argument(help="Images to calibrate and judge on: a folder, a CSV, or digits, cifar10, …")],
    out: Annotated[Path | None, Option(help="The artifact to write; by default beside the model, .int8.onnx.")] = None,
    runtime: Annotated[
        list[str] | None,
        Option(help="What it is to run in (default onnxruntime); may be given more than once, `all` for all."),
    ] = None,
    points: Annotated[float, Option(help="Percentage points of accuracy that may be lost.")] = 1.0,
    calibration: Annotated[int, Option(help="Training images that give the ranges.")] = 256,
    qat: Annotated[
        int | None,
        Option(help="Epochs of fine-tuning where nothing else holds the accuracy; 0 for never, 3 unless you say."),
    ] = None,
    sensitivity: Annotated[
        Path | None, Option(help="Write how sensitive every part is, as JSON.", metavar="FILE")
    ] = None,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    seconds: Annotated[
        float, Option(help="How long is measured at most, or 1.5 s for each form where that is more.")
    ] = 12.0,
    seed: Annotated[int, Option(help="The seed that divided the data in training.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
    ignored: Annotated[
        list[int] | None, Option("--ignore-index", help="A value of masks that is no class, beside 255.")
    ] = None,
    suppress_inside: Annotated[
        bool,
        Option("--suppress-inside", help="Of boxes: the artifact decodes them and suppresses overlapping ones itself."),
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Quantise a model to int8: the fastest form that holds its accuracy."""
    from edgewise.verbs.runtimes import integer_runtimes

    # A misspelt runtime is told at once; what follows takes seconds to import.
    integer_runtimes(runtime or ["onnxruntime"])
    from edgewise.verbs.quantize import quantize as run

    made = run(
        model,
        data,
        out,
        runtime=runtime or "onnxruntime",
        points=points,
        calibration=calibration,
        qat=qat,
        sensitivity=sensitivity,
        threads=threads,
        seconds=seconds,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        workers=workers,
        ignored=tuple(ignored or ()),
        suppress_inside=suppress_inside,
        tell=console.note,
    )
    if as_json:
        console.show_json(made.to_json())
        return
    _show(made)
    timed = [(f"{one.name} in {one.runtime} {one.precision}", one.latency) for one in made.attempts if one.latency]
    note_unsettled([name for name, latency in timed if not latency.settled], len(timed))
    if not made.faster:
        said = "within the noise int8 is no faster" if made.faster is None else "int8 is not faster"
        sizes = f"{_size(made.kept)} MiB, fp32 {_size(made.floating)} MiB"
        console.note(f"{said} than fp32 here; deploy the fp32 artifact unless its size matters: int8 {sizes}")


def _show(made: Quantized) -> None:
    rows = [
        (
            one.name + (" (kept)" if one is made.kept else ""),
            one.runtime,
            one.precision,
            console.percent(one.accuracy),
            console.milliseconds(one.latency.median_ms) if one.latency else "–",
            f"{one.latency.low_ms:.3f}–{one.latency.high_ms:.3f}" if one.latency else "–",
            _size(one),
        )
        for one in made.attempts
    ]
    columns = ("form", "runtime", "precision", f"validation {made.measure}", "median, ms", "95% interval", "file, MiB")
    console.show(console.table(str(made.artifact), columns, rows, left=(0, 1, 2)))
    if made.kept.in_float:
        console.show(f"in floating point: {', '.join(made.kept.in_float)}")
    if made.model_file is not None:
        console.show(f"fine-tuned tensors: {made.model_file}")


def _size(attempt: Attempt) -> str:
    return "–" if attempt.size_bytes is None else console.mebibytes(attempt.size_bytes)
