"""OpenVINO on the CPU: artifacts are `.onnx` files with a fixed input shape, the same that ONNX Runtime takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.devices.runtimes.base import Session, TensorSpec, UnusableArtifactError, fixed_shape, package_version

if TYPE_CHECKING:
    import numpy as np

_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32", "int8+bf16": "bf16"}


class OpenVino:
    """The `openvino` package with its CPU plugin.

    bf16 is a hint at compilation, not a property of the file: convolutions and matrix products then take and give bf16,
    inputs and outputs stay as the artifact has them; what is quantised in the file stays int8. The option must be given
    for `fp32` too: on a CPU with bf16 the plugin would choose that by itself
    (https://docs.openvino.ai/2025/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html).
    """

    name = "openvino"
    install_hint = 'pip install "edgewise[openvino]"'
    suffix = ".onnx"
    precisions = ("fp32", "bf16", "int8", "int8+bf16")

    def version(self) -> str | None:
        return package_version("openvino")

    def load(self, path: Path, threads: int, precision: str) -> Session:
        # Importing openvino reports to its makers, from a forked process that keeps our pipes open after we have ended,
        # so that a crash would look like a hang. Without the package that reports, openvino takes a stub of its own.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        import openvino  # type: ignore[import-not-found]  # an extra

        core = openvino.Core()
        # Without the instructions bf16 would be emulated or silently replaced, and its latency mean nothing.
        if _HINTS[precision] == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise UnusableArtifactError("this CPU has no bf16 instructions that openvino can use; ask for fp32 or int8")
        model = core.read_model(path)
        specs = tuple(_spec(node) for node in model.inputs)
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            # Pinned threads of two processes share the same first cores and leave the others idle.
            "ENABLE_CPU_PINNING": False,
        }
        return _OpenVinoSession(core.compile_model(model, "CPU", options), specs)


class _OpenVinoSession:
    def __init__(self, compiled: Any, inputs: tuple[TensorSpec, ...]) -> None:
        self.inputs = inputs
        self._request = compiled.create_infer_request()
        self._outputs = [self._request.get_output_tensor(index) for index in range(len(compiled.outputs))]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        # Inputs are read where they lie; outputs live in memory that the next inference overwrites, hence the copies.
        self._request.infer(list(inputs), share_inputs=True, share_outputs=True)
        return [output.data.copy() for output in self._outputs]


def _spec(node: Any) -> TensorSpec:
    name = node.get_any_name() if node.get_names() else "input"
    extents = [extent.get_length() if extent.is_static else str(extent) for extent in _extents(node)]
    shape = fixed_shape(name, extents)
    try:
        dtype = node.get_element_type().to_dtype().name
    except RuntimeError:
        kind = node.get_element_type().get_type_name()
        raise UnusableArtifactError(f"its input {name!r} is a {kind}; export it with a plain tensor input") from None
    return TensorSpec(name, dtype, shape)


def _extents(node: Any) -> list[Any]:
    shape = node.get_partial_shape()
    if shape.rank.is_dynamic:
        raise UnusableArtifactError(f"its input {node.get_any_name()!r} has no fixed shape; export it with one")
    return list(shape)
