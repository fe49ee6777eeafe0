"""What a runtime is to Edgewise: a name, a version, a way to load an artifact and run it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np


FLOAT_PRECISIONS = ("fp32", "bf16")
"""Of artifacts in floating point."""

INTEGER_PRECISIONS = ("int8", "int8+bf16")
"""Of quantised artifacts."""


class UnusableArtifactError(Exception):
    """The artifact cannot be measured or run as it is; the message is half a sentence that says why and what to do."""


@dataclass(frozen=True)
class TensorSpec:
    """One input of an artifact: its name, numpy dtype name and shape, for an image `(N, C, H, W)`."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> TensorSpec:
        return cls(content["name"], content["dtype"], tuple(content["shape"]))


class Session(Protocol):
    """A loaded artifact, inside the worker."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs with their fixed shapes, in the artifact's order."""
        ...

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One inference on the calling thread (and, with more than one thread, the runtime's own)."""
        ...


class Runtime(Protocol):
    """One runtime. Only `load` may import the runtime's package: it alone is called in the worker's process."""

    @property
    def name(self) -> str:
        """What a user calls it, for instance `onnxruntime`."""
        ...

    @property
    def install_hint(self) -> str:
        """The command that installs it."""
        ...

    @property
    def suffix(self) -> str:
        """How the names of its artifacts end, for instance `.onnx`."""
        ...

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions it can compute an artifact in, `fp32` first; a CPU may lack one, which `load` then says.

        `fp32` and `bf16` are for artifacts in floating point. `int8` and `int8+bf16` are for quantised ones; what
        those keep in floating point is computed in fp32 and bf16.
        """
        ...

    def version(self) -> str | None:
        """The installed version, None where it is not installed."""
        ...

    def load(self, path: Path, threads: int, precision: str) -> Session:
        """Loads an artifact to be computed in `precision` on `threads` threads that wait passively, never spinning.

        Raises `UnusableArtifactError` where the artifact has no fixed input shape or the CPU lacks the precision; the
        runtime's own exceptions pass.
        """
        ...


@dataclass(frozen=True)
class KernelTimes:
    """What one kernel of an artifact took in each of several inferences, in ns of wall time, inside whole inferences.

    `name` is the runtime's: it begins with that of the artifact's node the kernel was made from, where there is one.
    """

    name: str
    ns: tuple[int, ...]


@runtime_checkable
class TracingRuntime(Protocol):
    """A runtime that can say where the time of an inference goes."""

    def trace(
        self, path: Path, threads: int, precision: str, inputs: Sequence[np.ndarray], iterations: int
    ) -> list[KernelTimes]:
        """The kernels of an artifact in the order they run, timed in `iterations` inferences after a few untimed ones.

        Raises as `Runtime.load` does.
        """
        ...


def fixed_shape(name: str, shape: Sequence[object]) -> tuple[int, ...]:
    """The shape of the input `name`. Raises `UnusableArtifactError` where an extent of it is no positive number."""
    fixed = tuple(extent for extent in shape if isinstance(extent, int) and extent > 0)
    if len(fixed) < len(shape):
        written = ", ".join(map(str, shape))
        raise UnusableArtifactError(
            f"its input {name!r} has no fixed shape ({written}); export it with every extent fixed, batch 1"
        )
    return fixed


def package_version(package: str) -> str | None:
    """The version of an installed package, read from its metadata without importing it; None where not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
