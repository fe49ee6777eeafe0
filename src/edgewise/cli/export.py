"""`edgewise export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from edgewise.cli import console


def export(
    model: Annotated[Path, Argument(help="A model file (.safetensors).")],
    out: Annotated[Path | None, Option(help="The artifact to write; by default beside the model file.")] = None,
    runtime: Annotated[
        str, Option(help="What the artifact will run in: onnxruntime, openvino or executorch.")
    ] = "onnxruntime",
    images: Annotated[str | None, Option(help="Your own images to compare artifact and network on.")] = None,
    normalise_inside: Annotated[
        bool, Option("--normalise-inside", help="The artifact takes uint8 pixels and normalises them itself.")
    ] = False,
    suppress_inside: Annotated[
        bool,
        Option("--suppress-inside", help="Of boxes: the artifact decodes them and suppresses overlapping ones itself."),
    ] = False,
    threads: Annotated[
        int, Option(help="Threads that the artifact will run on; forms of it are compared on them.")
    ] = 1,
) -> None:
    """Export a model file to what a runtime takes, and compare the two on real images."""
    from edgewise.verbs.export import export as run

    made = run(
        model,
        out,
        runtime=runtime,
        images=images,
        normalise_inside=normalise_inside,
        suppress_inside=suppress_inside,
        threads=threads,
    )
    console.show(
        f"{made.artifact}: {made.size_bytes / 2**20:.2f} MiB; its outputs differ from torch's by at most "
        f"{made.parity.difference:.1e} of their range on {made.parity.images} images"
    )
    if made.forms.latencies:
        measured = ", ".join(f"{one.name} {console.milliseconds(one.median_ms)} ms" for one in made.forms.latencies)
        console.show(f"measured: {measured}; kept: {made.forms.kept}")
