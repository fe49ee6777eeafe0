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
    from collections.abc import Sequence

    from edgewise.data import BadImage
    from edgewise.verbs.predict_scenes import Scene


def predict(
    images: Annotated[list[str], Argument(help="Files, folders, or patterns such as 'photos/*.jpg'.")],
    model: Annotated[Path, Option(help="An artifact (.onnx, .pte) or a model file (.safetensors).")],
    top: Annotated[int | None, Option(help="Of classes: how many per image, 1 unless you say.")] = None,
    form: Annotated[str, Option("--format", help="table, json or csv.")] = "table",
    skip_bad: Annotated[bool, Option("--skip-bad", help="Leave out files that cannot be read.")] = False,
    runtime: Annotated[
        str | None,
        Option(help="What an artifact runs in: onnxruntime, openvino or executorch; by default its ending tells."),
    ] = None,
    threads: Annotated[int, Option(help="Threads of the runtime.")] = 1,
    least: Annotated[
        float | None, Option("--score", help="Of boxes: the least score that is shown, 0.5 unless you say.")
    ] = None,
    draw: Annotated[Path | None, Option(help="Of boxes and masks: a folder for pictures with them.")] = None,
) -> None:
    """Tell the classes of images, or find boxes or masks in them."""
    if form not in ("table", "json", "csv"):
        raise EdgewiseError(f"predictions are printed as table, json or csv, not as '{form}'")
    from edgewise.verbs.predict import predict as run
    from edgewise.verbs.resolve import gives_scenes

    bad: list[BadImage] = []
    if gives_scenes(model):
        if form == "csv":
            raise EdgewiseError("boxes and masks are printed as a table or as json; leave --format csv out")
        if top is not None:
            raise EdgewiseError("--top is for classes, and this model finds boxes or masks; leave it out")
        from edgewise.verbs.predict_scenes import predict_scenes

        scenes = predict_scenes(
            images,
            model,
            least=least,
            draw=draw,
            skip_bad=skip_bad,
            bad=bad,
            runtime=runtime,
            threads=threads,
        )
        _show_scenes(scenes, form, draw)
        console.note_skipped(bad)
        return
    if least is not None:
        raise EdgewiseError("--score is for boxes, and this model gives classes; leave it out")
    if draw is not None:
        raise EdgewiseError("pictures are drawn of boxes and masks, and this model gives classes; leave --draw out")
    count = 1 if top is None else top
    found = run(images, model, top=count, skip_bad=skip_bad, bad=bad, runtime=runtime, threads=threads)
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


def _show_scenes(scenes: Sequence[Scene], form: str, draw: Path | None) -> None:
    if form == "json":
        console.show_json([one.to_json() for one in scenes])
        return
    rows = []
    for one in scenes:
        told = one.to_json()
        if "boxes" in told:
            found = ", ".join(f"{box.label} {box.score:.2f}" for box in one.boxes) or "nothing"
        else:
            shares = sorted(told["shares"].items(), key=lambda item: -item[1])
            found = ", ".join(f"{name} {console.percent(share)}" for name, share in shares)
        rows.append((one.path, found))
    console.show(console.table(console.counted(len(scenes), "image"), ("image", "found"), rows, left=(0, 1)))
    if draw is not None:
        console.note(f"pictures are in {draw}")
