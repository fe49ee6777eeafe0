"""Forms of one artifact that give the same outputs: written, measured side by side, and the fastest kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.deploy.artifact import ArtifactCard, copy_artifact
from edgewise.deploy.build import build
from edgewise.deploy.fold import Tensors
from edgewise.deploy.rewrites import PLAIN, forms_of
from edgewise.devices import Latency, groups, measure
from edgewise.papers.architecture import Architecture

SECONDS = 6.0
"""The longest that two forms are measured side by side."""


@dataclass(frozen=True)
class Forms:
    """Which form of an artifact was kept, and the latencies of all that were measured; none where there was one."""

    kept: str
    latencies: tuple[Latency, ...] = ()


def export_fastest(
    architecture: Architecture,
    tensors: Tensors,
    path: Path,
    *,
    card: ArtifactCard | None = None,
    runtime: str = "onnxruntime",
    threads: int = 1,
) -> Forms:
    """Writes the fp32 artifact for `runtime`, in the form that it runs fastest on `threads` threads.

    Networks with shuffles have a second form (`edgewise.deploy.rewrites`). It is kept where it is measured to be
    faster; within the noise the plain one stays. Raises `EdgewiseError` as `build` and `measure` do.
    """
    with TemporaryDirectory() as folder:
        paths = {
            form: build(
                architecture,
                tensors,
                Path(folder) / form.replace(" ", "_"),
                "model",
                runtime=runtime,
                card=card,
                form=form,
            )
            for form in forms_of(architecture.graph)
        }
        latencies: list[Latency] = []
        kept = PLAIN
        if len(paths) > 1:
            latencies = measure(paths, runtime=runtime, threads=threads, max_seconds=SECONDS)
            fastest = [one.name for one in groups(latencies)[0]]
            kept = PLAIN if PLAIN in fastest else fastest[0]
        copy_artifact(paths[kept], path)
    return Forms(kept, tuple(latencies))
