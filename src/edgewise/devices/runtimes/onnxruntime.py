"""ONNX Runtime on the CPU: artifacts are `.onnx` files with a fixed input shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
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
_KERNEL = "_kernel_time"

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
        return _OnnxSession(_session(path, _options(threads)))

    def trace(
        self, path: Path, threads: int, precision: str, inputs: Sequence[np.ndarray], iterations: int
    ) -> list[KernelTimes]:
        """Whole microseconds are all that ONNX Runtime's profile has: many iterations make up for it."""
        with TemporaryDirectory() as folder:
            options = _options(threads)
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "profile")
            session = _session(path, options)
            loaded = _OnnxSession(session)
            for _ in range(_UNTIMED + iterations):
                loaded.run(inputs)
            events = json.loads(Path(session.end_profiling()).read_text())
        return _kernels(events, iterations)


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    # A spinning pool burns the cores that the next candidate, or the rest of the device, needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _session(path: Path, options: Any) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _kernels(events: Sequence[Mapping[str, Any]], iterations: int) -> list[KernelTimes]:
    """The kernels in order; an inference begins where the first kernel comes again."""
    timed = [one for one in events if one.get("cat") == "Node" and str(one.get("name")).endswith(_KERNEL)]
    timed.sort(key=lambda event: event["ts"])
    count = len(timed) // (_UNTIMED + iterations)
    runs = [timed[start : start + count] for start in range(_UNTIMED * count, len(timed), count)]
    return [
        KernelTimes(together[0]["name"].removesuffix(_KERNEL), tuple(1000 * event["dur"] for event in together))
        for together in zip(*runs, strict=True)
    ]


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
