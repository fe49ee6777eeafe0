"""OpenVINO on the CPU: artifacts are `.onnx` files with a fixed input shape, the same that ONNX Runtime takes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.devices.runtimes.base import (
    KernelTimes,
    Session,
    TensorSpec,
    UnusableArtifactError,
    fixed_shape,
    package_version,
)

if TYPE_CHECKING:
    import numpy as np

_UNTIMED = 3

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
        return _loaded(path, threads, precision, {})

    def trace(
        self, path: Path, threads: int, precision: str, inputs: Sequence[np.ndarray], iterations: int
    ) -> list[KernelTimes]:
        session = _loaded(path, threads, precision, {"PERF_COUNT": True})
        for _ in range(_UNTIMED):
            session.run(inputs)
        names: list[str] = []
        runs: list[list[int]] = []
        for _ in range(iterations):
            session.run(inputs)
            names, times = session.kernels()
            runs.append(times)
        return [KernelTimes(name, together) for name, together in zip(names, zip(*runs, strict=True), strict=True)]


def _loaded(path: Path, threads: int, precision: str, more: Mapping[str, object]) -> _OpenVinoSession:
    # Importing openvino reports to its makers, from a forked process that keeps our pipes open after we have ended, so
    # that a crash would look like a hang. Without the package that reports, openvino takes a stub of its own.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino  # type: ignore[import-not-found]  # an extra

    core = openvino.Core()
    # Without the instructions bf16 would be emulated or silently replaced, and its latency mean nothing.
    if _HINTS[precision] == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise UnusableArtifactError("this CPU has no bf16 instructions that openvino can use; ask for fp32 or int8")
    model = core.read_model(path)
    specs = tuple(_spec(node) for node in model.inputs)
    options: dict[str, object] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        # Pinned threads of two processes share the same first cores and leave the others idle.
        "ENABLE_CPU_PINNING": False,
    }
    return _OpenVinoSession(core.compile_model(model, "CPU", {**options, **more}), specs)


class _OpenVinoSession:
    def __init__(self, compiled: Any, inputs: tuple[TensorSpec, ...]) -> None:
        self.inputs = inputs
        self._request = compiled.create_infer_request()
        self._outputs = [self._request.get_output_tensor(index) for index in range(len(compiled.outputs))]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        # Inputs are read where they lie; outputs live in memory that the next inference overwrites, hence the copies.
        self._request.infer(list(inputs), share_inputs=True, share_outputs=True)
        return [output.data.copy() for output in self._outputs]

    def kernels(self) -> tuple[list[str], list[int]]:
        """What ran in the last inference, and how long, in ns; compiled with PERF_COUNT only."""
        ran = [one for one in self._request.get_profiling_info() if str(one.status).endswith("EXECUTED")]
        return [one.node_name for one in ran], [round(one.real_time.total_seconds() * 1e9) for one in ran]


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
