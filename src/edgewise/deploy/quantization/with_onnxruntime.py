"""Quantisation by ONNX Runtime: quantise and dequantise nodes around every op that it computes in integers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgewise.deploy.onnx_file import load
from edgewise.deploy.quantization.scheme import QuantiserError


@dataclass(frozen=True)
class OnnxRuntimeScheme:
    """ONNX Runtime's static quantiser, a `Scheme`.

    `activations` is their type; which of the two a processor multiplies faster differs. `range` says how a value's
    range is found on the calibration images: its extremes, or all but a hundred-thousandth at either end.
    """

    activations: Literal["uint8", "int8"]
    range: Literal["extremes", "percentile"]

    quantiser = "onnxruntime"
    install_hint = "pip install onnxruntime"

    @property
    def name(self) -> str:
        """`u8s8 extremes`: types of activations and weights, and the range."""
        return f"{'u8' if self.activations == 'uint8' else 's8'}s8 {self.range}"

    def installed(self) -> bool:
        return True

    def write(self, artifact: Path, images: np.ndarray, out: Path, keep_float: Sequence[str]) -> None:
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

        methods = {"extremes": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
        types = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8}
        try:
            with _quiet():
                quantize_static(
                    str(artifact),
                    str(out),
                    _reader(artifact, images),
                    quant_format=QuantFormat.QDQ,
                    per_channel=True,
                    activation_type=types[self.activations],
                    weight_type=QuantType.QInt8,
                    nodes_to_exclude=list(keep_float),
                    calibrate_method=methods[self.range],
                )
        except Exception as error:  # ONNX Runtime raises what it likes here
            said = str(error).strip().splitlines()
            raise QuantiserError(said[0] if said else type(error).__name__) from None


def _reader(artifact: Path, images: np.ndarray) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

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
