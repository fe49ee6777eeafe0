"""An artifact's outputs, from the runtime that ships."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.devices.process import Worker
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    import numpy as np

_CHUNK_BYTES = 4 * 2**20


def run(
    artifact: Path,
    images: np.ndarray,
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    timeout: float = 60.0,
) -> np.ndarray:
    """Runs `images (N, C, H, W)` through an artifact in a process of the runtime, computed in `precision`; returns
    its first output `(N, K)`.

    An artifact of batch B is run ceil(N / B) times; the last batch is filled up with zeros whose outputs are dropped.

    Raises `EdgewiseError` when the artifact has more than one input, its input differs from `images` in dtype or
    (C, H, W), its output has no batch axis, N is 0, or as `Worker` does: no file, a crash, no answer in `timeout`
    seconds for a few MiB of images.
    """
    import numpy as np  # here, so that importing this package does not wait for numpy

    found: list[np.ndarray] = []
    for batch, outputs in _batches(artifact, images, runtime, precision, threads, timeout):
        first = outputs[0] if outputs else np.empty(())
        if not first.shape or first.shape[0] != batch:
            raise EdgewiseError(
                f"the output of {artifact} has shape {_by(first.shape)} for {batch} images; export it with the batch "
                "as the first axis"
            )
        found.append(first)
    return np.concatenate(found)[: len(images)]


def run_each(
    artifact: Path,
    images: np.ndarray,
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    timeout: float = 60.0,
) -> Iterator[list[np.ndarray]]:
    """All outputs of an artifact for one image, for each of `images (N, C, H, W)` in turn; otherwise as `run`."""
    for batch, outputs in _batches(artifact, images, runtime, precision, threads, timeout):
        if batch != 1:
            raise EdgewiseError(f"{artifact} takes {batch} images at once; export it for one")
        yield outputs


def _batches(
    artifact: Path, images: np.ndarray, runtime: str, precision: str, threads: int, timeout: float
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """The images of a batch of the artifact's, and its outputs for it, one batch after the other."""
    import numpy as np

    if images.ndim < 1 or len(images) == 0:
        raise EdgewiseError(f"there are no images to run through {artifact}; give at least one")
    with Worker(runtime, timeout=timeout) as worker:
        specs = worker.load(artifact.name, artifact, threads=threads, precision=precision)
        if len(specs) != 1 or len(specs[0].shape) < 1:
            raise EdgewiseError(f"{artifact} has {len(specs)} inputs; only artifacts of one image input can be run")
        spec = specs[0]
        batch, *rest = spec.shape
        if images.shape[1:] != tuple(rest) or images.dtype.name != spec.dtype:
            raise EdgewiseError(
                f"{artifact} takes {spec.dtype} images of shape {_by(rest)}, but was given {images.dtype.name} images "
                f"of shape {_by(images.shape[1:])}; preprocess them as the artifact's metadata says"
            )
        size = math.prod(spec.shape) * images.dtype.itemsize
        step = batch * max(1, _CHUNK_BYTES // max(size, 1))
        for start in range(0, len(images), step):
            part = images[start : start + step]
            missing = -len(part) % batch
            if missing:
                part = np.concatenate([part, np.zeros((missing, *rest), part.dtype)])
            for outputs in worker.run(artifact.name, part.tobytes()):
                yield batch, outputs


def _by(extents: tuple[int, ...] | list[int]) -> str:
    return "×".join(str(extent) for extent in extents) or "()"
