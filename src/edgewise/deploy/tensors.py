"""A network's tensors as numpy arrays: from a torch module, or drawn at random to time an architecture without one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from edgewise.graph.ops import BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.weights.shapes import parameter_shapes

if TYPE_CHECKING:
    from torch import nn


def tensors_of(network: nn.Module) -> dict[str, np.ndarray]:
    """The state dict of `network` as numpy arrays; floating point of any width becomes float32."""
    return {
        name: (tensor.float() if tensor.is_floating_point() else tensor).detach().cpu().numpy()
        for name, tensor in network.state_dict().items()
    }


def random_tensors(architecture: Architecture, seed: int = 0) -> dict[str, np.ndarray]:
    """Tensors of the right shapes for timing.

    Their scale keeps values near one through the depth: denormal numbers would be slower than any trained network.
    """
    random = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {}
    nodes = architecture.graph.nodes
    for node in nodes[1:]:
        positive = ("weight", "running_var") if isinstance(node.op, BatchNorm) else ()
        for part, shape in parameter_shapes(node.op, nodes[node.inputs[0]].shape).items():
            if part in positive:
                array = random.uniform(0.8, 1.2, shape).astype(np.float32)
            elif len(shape) > 1:
                deviation = np.float32((2 / prod(shape[1:])) ** 0.5)
                array = random.standard_normal(shape, dtype=np.float32) * deviation
            else:
                array = random.normal(0, 0.1, shape).astype(np.float32)
            tensors[f"{node.name}.{part}"] = array
    return tensors
