"""Forms of one artifact that give the same outputs: written, measured side by side, and the fastest kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edgewise.deploy.artifact import ArtifactCard
from edgewise.deploy.export import export_onnx
from edgewise.deploy.fold import Tensors
from edgewise.devices import Latency, groups, measure
from edgewise.files import write_bytes
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
    """Writes the artifact as `export_onnx` does, in the form that `runtime` runs fastest on `threads` threads.

    Networks with shuffles have a second form without them (`edgewise.deploy.exit_order`). It is kept where it is
    measured to be faster; within the noise the plain one stays. Raises `EdgewiseError` as `export_onnx` and `measure`
    do.
    """

    def write(to: Path, exit_order: bool) -> bytes:
        return export_onnx(architecture, tensors, to, card=card, exit_order=exit_order).read_bytes()

    if not any(isinstance(node.op, Shuffle | Permute) for node in architecture.graph.nodes):
        write(path, exit_order=False)
        return Forms(PLAIN)
    with TemporaryDirectory() as folder:
        paths = {PLAIN: Path(folder) / "plain.onnx", EXIT_ORDER: Path(folder) / "exit_order.onnx"}
        contents = {name: write(place, exit_order=name == EXIT_ORDER) for name, place in paths.items()}
        if contents[PLAIN] == contents[EXIT_ORDER]:  # somebody reads the channels by their place
            write_bytes(path, contents[PLAIN])
            return Forms(PLAIN)
        latencies = measure(paths, runtime=runtime, threads=threads, max_seconds=SECONDS)
    fastest = groups(latencies)[0]
    kept = EXIT_ORDER if [one.name for one in fastest] == [EXIT_ORDER] else PLAIN
    write_bytes(path, contents[kept])
    return Forms(kept, tuple(latencies))
