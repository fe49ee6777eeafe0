"""Torch on the CPU, for comparison: model files run by the network's own module, as its users would run it."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgewise.devices.runtimes.base import Session, TensorSpec, UnusableArtifactError, package_version
from edgewise.errors import EdgewiseError
from edgewise.papers.header import stored_architecture

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from edgewise.nn.interpreter import Outputs

Form = Literal["eager", "channels_last", "compiled"]


class Torch:
    """The `torch` package running a `Network` in eval and inference mode, its batch norm as it was trained.

    `eager` calls the module; `channels_last` does with weights and images laid out as `(N, H, W, C)`; `compiled` gives
    it to `torch.compile` with inductor and frozen weights, which folds batch norm and lays weights out for its
    kernels. That compiles C++ while it loads: tens of seconds for a network, and it needs a C++ compiler.
    Model files have no batch size; a session takes one image.
    """

    install_hint = "pip install torch"
    suffix = ".safetensors"
    precisions = ("fp32",)

    def __init__(self, form: Form) -> None:
        self.name = f"torch_{form}"
        self._form: Form = form

    def version(self) -> str | None:
        return package_version("torch")

    def load(self, path: Path, threads: int, precision: str) -> Session:
        import torch

        torch.set_num_threads(threads)  # now too: compiled code has the number in it
        network, spec = _network(path)
        if self._form == "channels_last":
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        call: Callable[[Tensor], Outputs] = network
        if self._form == "compiled":
            call = _compiled(network, spec.shape)
        return _TorchSession(call, spec, threads, self._form)


class _TorchSession:
    def __init__(self, call: Callable[[Tensor], Outputs], spec: TensorSpec, threads: int, form: Form) -> None:
        import torch

        self.inputs = (spec,)
        self._call = call
        self._threads = threads
        self._torch = torch
        self._layout = torch.channels_last if form == "channels_last" else torch.contiguous_format

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        torch = self._torch
        if torch.get_num_threads() != self._threads:  # one number for the process, whoever ran before
            torch.set_num_threads(self._threads)
        (image,) = inputs
        with torch.inference_mode():
            outputs = self._call(torch.from_numpy(image).contiguous(memory_format=self._layout))
        return [one.numpy() for one in (outputs if isinstance(outputs, tuple) else (outputs,))]


def _network(path: Path) -> tuple[nn.Module, TensorSpec]:
    from safetensors.torch import load_file

    from edgewise.nn import Network
    from edgewise.nn.interpreter import WithOutputs

    try:
        architecture = stored_architecture(path)
        network = Network(architecture)
    except EdgewiseError as error:
        raise UnusableArtifactError(str(error)) from None
    missing, unexpected = network.load_state_dict(load_file(path), strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise UnusableArtifactError(
            "it holds the tensors of another architecture than its header says; export it again"
        )
    module = network if architecture.task == "classify" else WithOutputs(network)
    return module.eval(), TensorSpec("image", "float32", (1, *architecture.input))


def _compiled(network: nn.Module, shape: tuple[int, ...]) -> Callable[[Tensor], Outputs]:
    import torch
    from torch._inductor import config

    def forward(x: Tensor) -> Outputs:
        return network(x)

    # Compiled code is kept with the code object it was compiled from, and guards choose among what is kept there: all
    # networks share one `forward`, so each gets one of its own and is found without asking whether it is another.
    own = types.FunctionType(forward.__code__.replace(), forward.__globals__, "forward", None, forward.__closure__)
    # Nothing of it changes, so asking at every call whether something has (half a millisecond) is not the network's.
    unasked: dict[str, Any] = {"guard_filter_fn": torch.compiler.skip_all_guards_unsafe}
    compiled: Any = torch.compile(own, fullgraph=True, dynamic=False, options=unasked)
    with config.patch(freezing=True), torch.inference_mode():  # among the options freezing would come too late
        compiled(torch.zeros(shape))
    return compiled
