"""`edgewise predict`."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from edgewise.cli import console
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.data import BadImage


def predict(
    images: Annotated[list[str], Argument(help="Files, folders, or patterns such as 'photos/*.jpg'.")],
    model: Annotated[Path, Option(help="An artifact (.onnx, .pte) or a model file (.safetensors).")],
    top: Annotated[int, Option(help="How many classes per image.")] = 1,
    form: Annotated[str, Option("--format", help="table, json or csv.")] = "table",
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be read.")] = False,
    runtime: Annotated[
        str | None,
        Option(help="What an artifact runs in: onnxruntime, openvino or executorch; by default its ending tells."),
    ] = None,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
) -> None:
    """Tell the classes of images."""
    if form not in ("table", "json", "csv"):
        raise EdgewiseError(f"predictions are printed as table, json or csv, not as '{form}'")
    from edgewise.verbs.predict import predict as run

    bad: list[BadImage] = []
    found = run(images, model, top=top, skip_bad=skip_bad, bad=bad, runtime=runtime, threads=threads)
    if form == "json":
        console.show_json([asdict(one) for one in found])
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("path", "rank", "class", "probability"))
        for one in found:
            for rank, (name, share) in enumerate(zip(one.classes, one.probabilities, strict=True), 1):
                writer.writerow((one.path, rank, name, f"{share:.6f}"))
    else:
        rows = [
            (
                one.path,
                ", ".join(
                    f"{name} {console.percent(p)}" for name, p in zip(one.classes, one.probabilities, strict=True)
                ),
            )
            for one in found
        ]
        console.show(console.table(console.counted(len(found), "image"), ("image", "class"), rows, left=(0, 1)))
    console.note_skipped(bad)
