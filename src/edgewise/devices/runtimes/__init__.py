"""The runtimes, one file each. A new one is its file and a line in `_RUNTIMES`."""

from __future__ import annotations

from edgewise.devices.runtimes.base import (
    FLOAT_PRECISIONS,
    INTEGER_PRECISIONS,
    KernelTimes,
    Runtime,
    Session,
    TensorSpec,
    TracingRuntime,
    UnusableArtifactError,
)
from edgewise.devices.runtimes.executorch import ExecuTorch
from edgewise.devices.runtimes.onnxruntime import OnnxRuntime
from edgewise.devices.runtimes.openvino import OpenVino
from edgewise.devices.runtimes.torch import Torch
from edgewise.errors import EdgewiseError

__all__ = [
    "FLOAT_PRECISIONS",
    "INTEGER_PRECISIONS",
    "KernelTimes",
    "Runtime",
    "Session",
    "TensorSpec",
    "TracingRuntime",
    "UnusableArtifactError",
    "check_precision",
    "find_runtime",
    "installed_runtime",
    "runtime_names",
]

_RUNTIMES: tuple[Runtime, ...] = (
    OnnxRuntime(),
    OpenVino(),
    ExecuTorch(),
    Torch("eager"),
    Torch("channels_last"),
    Torch("compiled"),
)


def runtime_names() -> tuple[str, ...]:
    """The names of all runtimes Edgewise knows, installed or not."""
    return tuple(runtime.name for runtime in _RUNTIMES)


def find_runtime(name: str) -> Runtime:
    """The runtime of that name, installed or not. Raises `EdgewiseError` for a name that is none of them."""
    for runtime in _RUNTIMES:
        if runtime.name == name:
            return runtime
    raise EdgewiseError(f"there is no runtime named {name!r}; choose one of: {', '.join(runtime_names())}")


def check_precision(runtime: Runtime, precision: str) -> None:
    """Raises `EdgewiseError` where the runtime does not compute in that precision, naming those it has."""
    if precision not in runtime.precisions:
        known = ", ".join(runtime.precisions)
        raise EdgewiseError(f"{runtime.name} does not compute in {precision!r}; choose one of: {known}")


def installed_runtime(name: str) -> Runtime:
    """The runtime of that name. Raises `EdgewiseError` where it is unknown or not installed, saying how to install."""
    runtime = find_runtime(name)
    if runtime.version() is None:
        raise EdgewiseError(f"the runtime {name} is not installed; install it with: {runtime.install_hint}")
    return runtime
