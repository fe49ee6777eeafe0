"""ONNX Runtime on the CPU: artifacts are `.onnx` files with a fixed input shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.devices.runtimes.base import Session, TensorSpec, UnusableArtifactError, fixed_shape, package_version

if TYPE_CHECKING:
    import numpy as np

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


class OnnxRuntime:
    """The `onnxruntime` package with its CPU execution provider."""

    name = "onnxruntime"
    install_hint = "pip install onnxruntime"
    suffix = ".onnx"
    precisions = ("fp32", "int8")

    def version(self) -> str | None:
        return package_version("onnxruntime")

    def load(self, path: Path, threads: int, precision: str) -> Session:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        # A spinning pool burns the cores that the next candidate, or the rest of the device, needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        return _OnnxSession(onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))


class _OnnxSession:
    def __init__(self, session: Any) -> None:
        self._session = session
        self.inputs = tuple(_spec(node) for node in session.get_inputs())
        self._names = [spec.name for spec in self.inputs]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self._session.run(None, dict(zip(self._names, inputs, strict=True)))


def _spec(node: Any) -> TensorSpec:
    shape = fixed_shape(node.name, node.shape)
    if node.type not in _DTYPES:
        raise UnusableArtifactError(f"its input {node.name!r} is a {node.type}; export it with a plain tensor input")
    return TensorSpec(node.name, _DTYPES[node.type], shape)
