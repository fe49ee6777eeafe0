"""`edgewise quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def quantize(
    model: Annotated[Path, Argument(help="A model file (.safetensors) or an artifact (.onnx).")],
    data: Annotated[str, Argument(help="Images to calibrate and judge on: a folder, a CSV, or digits, cifar10, …")],
    out: Annotated[Path | None, Option(help="The artifact to write; by default beside the model, .int8.onnx.")] = None,
    points: Annotated[float, Option(help="Percentage points of accuracy that may be lost.")] = 1.0,
    calibration: Annotated[int, Option(help="Training images that give the ranges.")] = 256,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    seconds: Annotated[float, Option(help="The longest that is measured.")] = 12.0,
    seed: Annotated[int, Option(help="The seed that divided the data in training.")] = 0,
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be used.")] = False,
    root: Annotated[Path | None, Option(help="Where named datasets lie.")] = None,
    workers: Annotated[
        int | None, Option(help="Processes that decode large images; by default half of the cores.")
    ] = None,
) -> None:
    """Quantise a model to int8: the fastest form that holds its accuracy."""
    from edgewise.verbs.quantize import quantize as run

    made = run(
        model,
        data,
        out,
        points=points,
        calibration=calibration,
        threads=threads,
        seconds=seconds,
        seed=seed,
        skip_bad=skip_bad,
        root=root,
        workers=workers,
        tell=console.note,
    )
    rows = [
        (
            one.name + (" (kept)" if one is made.kept else ""),
            console.percent(one.accuracy),
            console.milliseconds(one.latency.median_ms) if one.latency else "–",
        )
        for one in made.attempts
    ]
    console.show(console.table(str(made.artifact), ("form", "validation accuracy", "ms"), rows))
    if made.speedup < 1:
        console.note("int8 is not faster than fp32 here; deploy the fp32 artifact unless its size matters")
