"""Post-training quantisation of an artifact: one door to all quantisers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.deploy.onnx_file import load
from edgewise.deploy.quantization.guard import guarded
from edgewise.deploy.quantization.scheme import QuantiserError, Scheme
from edgewise.deploy.quantization.with_nncf import NncfScheme
from edgewise.deploy.quantization.with_onnxruntime import OnnxRuntimeScheme
from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes

SCHEMES: tuple[Scheme, ...] = (
    OnnxRuntimeScheme("uint8", "extremes"),
    OnnxRuntimeScheme("int8", "extremes"),
    OnnxRuntimeScheme("uint8", "percentile"),
    OnnxRuntimeScheme("int8", "percentile"),
    NncfScheme("asymmetric"),
    NncfScheme("symmetric"),
)
"""All there are; the first needs nothing that is not always installed."""


def quantize_onnx(
    artifact: Path, images: np.ndarray, out: Path, scheme: Scheme, *, keep_float: Sequence[str] = ()
) -> None:
    """Writes the artifact quantised by `scheme` to `out`, with its metadata.

    `images` `(N, …)` are what the artifact takes, one at a time: the values it computes on them give the ranges.
    `keep_float` names nodes that stay in floating point. Raises `EdgewiseError` without images, when the quantiser is
    not installed, or when it cannot quantise the file.
    """
    if not len(images):
        raise EdgewiseError(f"{artifact} cannot be quantised without images to calibrate it on; give at least one")
    if not scheme.installed():
        raise EdgewiseError(f"{scheme.name} needs {scheme.quantiser}; install it with: {scheme.install_hint}")
    plain = load(artifact)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "quantised.onnx"
        try:
            scheme.write(artifact, images, made, keep_float)
        except QuantiserError as error:
            raise EdgewiseError(f"{scheme.quantiser} cannot quantise {artifact} ({scheme.name}): {error}") from None
        model = guarded(load(made))
    # Quantisers differ in what they carry over.
    del model.metadata_props[:]
    model.metadata_props.extend(plain.metadata_props)
    write_bytes(out, model.SerializeToString())
