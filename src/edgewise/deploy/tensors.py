"""A network's tensors as numpy arrays: from a torch module, or drawn at random to time an architecture without one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from edgewise.graph.ops import BatchNorm, Convolution, Linear
from edgewise.papers.architecture import Architecture

if TYPE_CHECKING:
    from torch import nn


def tensors_of(network: nn.Module) -> dict[str, np.ndarray]:
    """The state dict of `network` as numpy arrays."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def random_tensors(architecture: Architecture, seed: int = 0) -> dict[str, np.ndarray]:
    """Tensors of the right shapes for timing.

    Their scale keeps values near one through the depth: denormal numbers would be slower than any trained network.
    """
    random = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {}
    nodes = architecture.graph.nodes
    for node in nodes[1:]:
        name, x = node.name, nodes[node.inputs[0]].shape
        match node.op:
            case Convolution():
                shape = (node.op.out_channels, x[0] // node.op.groups, *node.op.kernel)
            case Linear():
                shape = (node.op.out_features, x[0])
            case BatchNorm():
                tensors[f"{name}.weight"] = random.uniform(0.8, 1.2, x[0]).astype(np.float32)
                tensors[f"{name}.bias"] = random.normal(0, 0.1, x[0]).astype(np.float32)
                tensors[f"{name}.running_mean"] = random.normal(0, 0.1, x[0]).astype(np.float32)
                tensors[f"{name}.running_var"] = random.uniform(0.8, 1.2, x[0]).astype(np.float32)
                continue
            case _:
                continue
        deviation = np.float32((2 / prod(shape[1:])) ** 0.5)
        tensors[f"{name}.weight"] = random.standard_normal(shape, dtype=np.float32) * deviation
        if node.op.bias:
            tensors[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    return tensors
