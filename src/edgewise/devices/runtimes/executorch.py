"""ExecuTorch on the CPU: artifacts are `.pte` files with a fixed input shape, computed by XNNPACK."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.devices.runtimes.base import Session, TensorSpec, UnusableArtifactError, fixed_shape, package_version

if TYPE_CHECKING:
    import numpy as np

# The numbers that ExecuTorch gives to types, those of torch's ScalarType.
_DTYPES = {
    0: "uint8",
    1: "int8",
    3: "int32",
    4: "int64",
    5: "float16",
    6: "float32",
    7: "float64",
    11: "bool",
}

_METHOD = "forward"


class ExecuTorch:
    """The `executorch` package with its XNNPACK backend.

    What is quantised stands in the file, so `fp32` and `int8` load alike. A file does not say which of its extents may
    vary: the shape that is given is the one it was exported with, and the largest it takes.
    """

    name = "executorch"
    install_hint = 'pip install "edgewise[executorch]"'
    suffix = ".pte"
    precisions = ("fp32", "int8")

    def version(self) -> str | None:
        return package_version("executorch")

    def load(self, path: Path, threads: int, precision: str) -> Session:
        return _ExecuTorchSession(path, threads)


class _Pool:
    """The threads of XNNPACK, of which a process has one set for all that is loaded. They wait without spinning."""

    def __init__(self) -> None:
        # The module that `executorch.runtime` wraps: that one imports the whole exporter too, which takes five times
        # as long as loading torch, in every worker. Torch itself comes first because its libraries are linked to.
        import torch  # noqa: F401
        from executorch.extension.pybindings import _C  # type: ignore[import-not-found]  # an extra

        self.bindings: Any = _C
        self.generation = 0

    def hold(self, threads: int) -> int:
        """Makes it so many threads, the caller's among them; returns a number that another set of threads changes."""
        if self.bindings._threadpool_get_thread_count() != threads:
            self.bindings._unsafe_reset_threadpool(threads)
            self.generation += 1
        return self.generation


_pool = cache(_Pool)


class _ExecuTorchSession:
    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._load()
        meta = self._method.method_meta()
        self.inputs = tuple(_spec(index, meta.input_tensor_meta(index)) for index in range(meta.num_inputs()))

    def _load(self) -> None:
        self._generation = _pool().hold(self._threads)
        bindings = _pool().bindings
        # Unverified, a damaged file would crash the process.
        checked = bindings.Verification.InternalConsistency
        self._program = bindings._load_program(str(self._path), program_verification=checked)
        self._method = self._program.load_method(_METHOD)

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        import numpy as np
        import torch

        # A loaded program keeps a pointer to the threads it was loaded with, which are gone when others have come.
        if _pool().hold(self._threads) != self._generation:
            self._load()
        # torch takes only arrays that may be written to; the outputs are clones, which the next inference leaves alone.
        tensors = [torch.from_numpy(np.require(array, requirements=("C", "W"))) for array in inputs]
        return [output.numpy() for output in self._method.call(tensors)]


def _spec(index: int, info: Any) -> TensorSpec:
    name = f"input {index}"
    if info.dtype() not in _DTYPES:
        raise UnusableArtifactError(
            f"its {name} is of type {info.dtype()}, which numpy has not; export it with a plain tensor input"
        )
    return TensorSpec(name, _DTYPES[info.dtype()], fixed_shape(name, info.sizes()))
