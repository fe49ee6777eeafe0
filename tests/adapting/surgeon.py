"""What the tests of surgery share: a network in double precision, and its channels silenced without removing them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from edgewise.adapting.labels import Labels
from edgewise.deploy.tensors import tensors_of
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.weights.shapes import parameter_shapes
from random_weights import images, random_network

Arrays = Mapping[str, np.ndarray]


def tensors_for(architecture: Architecture) -> dict[str, np.ndarray]:
    """Random tensors with the batch statistics of random images."""
    return tensors_of(random_network(architecture))


def silenced(labels: Labels, kept: np.ndarray, tensors: Arrays) -> dict[str, np.ndarray]:
    """The tensors of the larger network with the filters, scales and shifts of removed channels zero."""
    quiet = dict(tensors)
    nodes = labels.graph.nodes
    for index, node in enumerate(nodes[1:], 1):
        for part in parameter_shapes(node.op, nodes[node.inputs[0]].shape):
            if part != "running_var":
                tensor = tensors[f"{node.name}.{part}"]
                rows = kept[labels.axes[index]].reshape(-1, *[1] * (tensor.ndim - 1))
                quiet[f"{node.name}.{part}"] = np.where(rows, tensor, 0).astype(tensor.dtype)
    return quiet


def outputs(architecture: Architecture, tensors: Arrays) -> np.ndarray:
    """All that the network gives for two images, `(2, …)`, computed in double precision."""
    with torch.device("meta"):
        network = Network(architecture)
    network.to_empty(device="cpu")
    state = {name: torch.from_numpy(array) for name, array in tensors.items()}
    missing = network.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys)
    with torch.inference_mode():
        given = network.double().eval().forward_outputs(images(architecture.input).double())
    return np.concatenate([one.flatten(1).numpy() for one in given.values()], 1)


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())
