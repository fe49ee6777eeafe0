"""The artifact of a network for a runtime and precision: the place that knows which exporter and quantiser that is."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.deploy.artifact import ArtifactCard
from edgewise.deploy.executorch import export_executorch
from edgewise.deploy.export import export_onnx
from edgewise.deploy.fold import Tensors
from edgewise.deploy.model_file import write_model_file
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.rewrites import PLAIN
from edgewise.devices import INTEGER_PRECISIONS, find_runtime
from edgewise.papers.architecture import Architecture

_DRAWN = 2
"""How many random images give the ranges where there are no others: they decide values, not speed."""


def build(
    architecture: Architecture,
    tensors: Tensors,
    folder: Path,
    name: str,
    *,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    card: ArtifactCard | None = None,
    images: np.ndarray | None = None,
    form: str = PLAIN,
) -> Path:
    """Writes the artifact that `runtime` computes in `precision` into `folder`, unless it is there; returns its path.

    Runtimes and precisions that take the same file share it. The file is called `name`, `.int8` where it is quantised,
    and the runtime's ending. `images` `(N, C, H, W)`, normalised float32, are what a quantised one is calibrated on;
    without them, to time an architecture, random ones. `form` as in `export_onnx`. Raises `EdgewiseError` as the
    exporters do.
    """
    suffix = find_runtime(runtime).suffix
    integer = precision in INTEGER_PRECISIONS
    path = folder / f"{name}{'.int8' if integer else ''}{suffix}"
    if path.exists():
        return path
    if suffix == ".safetensors":
        return write_model_file(architecture, tensors, path, card=card)
    if not integer:
        images = None
    elif images is None:
        images = np.random.default_rng(0).standard_normal((_DRAWN, *architecture.input), dtype=np.float32)
    if suffix == ".pte":
        return export_executorch(architecture, tensors, path, card=card, images=images, form=form)
    if images is None:
        return export_onnx(architecture, tensors, path, card=card, form=form)
    with TemporaryDirectory() as scratch:
        plain = export_onnx(architecture, tensors, Path(scratch) / "float.onnx", card=card, form=form)
        quantize_onnx(plain, images, path, SCHEMES[0])
    return path
