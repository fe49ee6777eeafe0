"""Post-training int8 quantisation of an artifact for ONNX Runtime: quantise and dequantise nodes around every op."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.files import write_bytes


@dataclass(frozen=True)
class Scheme:
    """A way to quantise. Weights are int8, one scale per output channel.

    `activations` is their type; which of the two a processor multiplies faster differs. `range` says how a value's
    range is found on the calibration images: its extremes, or all but a hundred-thousandth at either end.
    """

    activations: Literal["uint8", "int8"]
    range: Literal["extremes", "percentile"]

    @property
    def name(self) -> str:
        """`u8s8 extremes`: types of activations and weights, and the range."""
        return f"{'u8' if self.activations == 'uint8' else 's8'}s8 {self.range}"


SCHEMES: tuple[Scheme, ...] = (
    Scheme("uint8", "extremes"),
    Scheme("int8", "extremes"),
    Scheme("uint8", "percentile"),
    Scheme("int8", "percentile"),
)


def quantize_onnx(
    artifact: Path, images: np.ndarray, out: Path, scheme: Scheme, *, keep_float: Sequence[str] = ()
) -> None:
    """Writes the artifact quantised by `scheme` to `out`, with its metadata.

    `images` `(N, …)` are what the artifact takes, one at a time: the values it computes on them give the ranges.
    `keep_float` names nodes that stay in floating point. Raises `EdgewiseError` without images, or when ONNX Runtime
    cannot quantise the file.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    if not len(images):
        raise EdgewiseError(f"{artifact} cannot be quantised without images to calibrate it on; give at least one")
    methods = {"extremes": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
    types = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8}
    with TemporaryDirectory() as folder, _quiet():
        made = Path(folder) / "quantised.onnx"
        try:
            quantize_static(
                str(artifact),
                str(made),
                _reader(artifact, images),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=types[scheme.activations],
                weight_type=QuantType.QInt8,
                nodes_to_exclude=list(keep_float),
                calibrate_method=methods[scheme.range],
            )
        except Exception as error:  # ONNX Runtime raises what it likes here
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise EdgewiseError(f"ONNX Runtime cannot quantise {artifact} ({scheme.name}): {reason}") from None
        write_bytes(out, made.read_bytes())


def _reader(artifact: Path, images: np.ndarray) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    from edgewise.deploy.onnx_file import load

    name = load(artifact).graph.input[0].name

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._images = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
            image = next(self._images, None)
            return None if image is None else {name: image[None]}

    return Reader()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without ONNX Runtime's prints, and its advice on the root logger, which is not for files with fixed shapes."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(before)
