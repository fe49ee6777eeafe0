"""Architectures made of single ops, and the two ways their values are computed: torch, and the exported file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from edgewise.blocks import Row
from edgewise.deploy import export_onnx, random_tensors, tensors_of
from edgewise.graph import Value
from edgewise.graph.ops import Op
from edgewise.nn import Network
from edgewise.papers import Architecture


@dataclass(frozen=True, slots=True)
class Applies(Row):
    """One op on one value. With `output` the value is an output of its own, too."""

    op: Op
    output: str = ""

    def apply(self, x: Value) -> Value:
        y = x.trace.apply(self.op, (x,), "op")
        if self.output:
            y.emit(self.output)
        return y


@dataclass(frozen=True, slots=True)
class Joins(Row):
    """Several ops on the same value, their results joined by `op` (all of the same shape where it wants that)."""

    op: Op
    branches: tuple[Op, ...]

    def apply(self, x: Value) -> Value:
        values = tuple(x.trace.apply(branch, (x,), f"branch{index}") for index, branch in enumerate(self.branches))
        return x.trace.apply(self.op, values, "join")


def made_of(*rows: Row | Op, image: tuple[int, int, int] = (4, 9, 10)) -> Architecture:
    """An architecture of `rows`; an op stands for a row that applies it."""
    return Architecture("made", tuple(row if isinstance(row, Row) else Applies(row) for row in rows), input=image)


def network_of(architecture: Architecture, tensors: Mapping[str, np.ndarray]) -> Network:
    """The torch network with these tensors, in eval mode."""
    network = Network(architecture)
    missing, unexpected = network.load_state_dict(
        {name: torch.from_numpy(array) for name, array in tensors.items()}, strict=False
    )
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    return network.eval()


def random_image(architecture: Architecture) -> np.ndarray:
    """float32 `(1, C, H, W)`."""
    return np.random.default_rng(1).standard_normal((1, *architecture.input), dtype=np.float32)


def torch_outputs(network: Network, image: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs by their names in the exported file; what only helps to train is not there."""
    with torch.inference_mode():
        values = network.forward_outputs(torch.from_numpy(image))
    return {
        "logits" if name == "output" else name: value.numpy()
        for name, value in values.items()
        if name not in network.graph.training_only
    }


def onnx_outputs(path: Path, image: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs by name, in the file's order."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    return {name: np.asarray(value) for name, value in zip(names, session.run(names, {given.name: image}), strict=True)}


def assert_same(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray], tolerance: float = 1e-4) -> None:
    """The same outputs of the same shapes, differing by at most `tolerance` of the range of each."""
    assert set(ours) == set(theirs)
    for name, expected in theirs.items():
        assert ours[name].shape == expected.shape
        span = float(np.ptp(expected))
        assert span > 0, "a constant output would agree with anything"
        assert float(np.abs(ours[name] - expected).max()) <= tolerance * span


def assert_exports(architecture: Architecture, path: Path, tolerance: float = 1e-4) -> None:
    """Random tensors give the same in torch and in the exported file."""
    network = network_of(architecture, random_tensors(architecture))
    assert_network_exports(network, path, random_image(architecture), tolerance)


def assert_network_exports(network: Network, path: Path, image: np.ndarray, tolerance: float = 1e-4) -> None:
    """`network` gives the same for `image`, float32 `(1, C, H, W)`, in torch and in the exported file."""
    export_onnx(network.architecture, tensors_of(network), path)
    assert_same(onnx_outputs(path, image), torch_outputs(network, image), tolerance)
