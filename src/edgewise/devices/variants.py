"""What a latency is of: an artifact, in one runtime, computed in one precision on so many threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variant:
    """One artifact, by the name its latency will have, in one runtime and precision, on `threads` threads.

    It is timed on what the `.npy` file `example` holds, for an artifact whose work depends on what it sees; else on
    random numbers.
    """

    name: str
    path: Path
    runtime: str = "onnxruntime"
    precision: str = "fp32"
    threads: int = 1
    example: Path | None = None
