"""Forms of one artifact that give the same outputs: written, measured side by side, and the fastest kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.deploy.artifact import ArtifactCard, copy_artifact
from edgewise.deploy.build import build
from edgewise.deploy.fold import Tensors
from edgewise.devices import Latency, groups, measure
from edgewise.graph.ops import Permute, Shuffle
from edgewise.papers.architecture import Architecture

PLAIN, EXIT_ORDER = "plain", "exit order"

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

    Networks with shuffles have a second form without them (`edgewise.deploy.exit_order`). It is kept where it is
    measured to be faster; within the noise the plain one stays. Raises `EdgewiseError` as `build` and `measure` do.
    """

    with TemporaryDirectory() as folder:

        def made(name: str) -> Path:
            place = Path(folder) / name
            return build(
                architecture, tensors, place, "model", runtime=runtime, card=card, exit_order=name == EXIT_ORDER
            )

        paths = {PLAIN: made(PLAIN)}
        latencies: list[Latency] = []
        kept = PLAIN
        if any(isinstance(node.op, Shuffle | Permute) for node in architecture.graph.nodes):
            paths[EXIT_ORDER] = made(EXIT_ORDER)
            # They are the same where somebody reads the channels by their place.
            if paths[PLAIN].read_bytes() != paths[EXIT_ORDER].read_bytes():
                latencies = measure(paths, runtime=runtime, threads=threads, max_seconds=SECONDS)
                if [one.name for one in groups(latencies)[0]] == [EXIT_ORDER]:
                    kept = EXIT_ORDER
        copy_artifact(paths[kept], path)
    return Forms(kept, tuple(latencies))
