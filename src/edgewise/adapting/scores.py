"""How much channels matter, by label: what is lowest goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from torch import Tensor, nn

from edgewise.adapting.labels import Labels
from edgewise.graph.ops import BatchNorm, Convolution, Linear

Tensors = Mapping[str, np.ndarray]


def magnitude(labels: Labels, tensors: Tensors) -> np.ndarray:
    """The L2 norm of the filters that compute a channel (NetAdapt, section 3.3), over all that do where several are
    added; by label."""
    total = np.zeros(len(labels.fixed))
    for index in _producing(labels):
        weight = tensors[f"{labels.graph.nodes[index].name}.weight"]
        squares = np.square(weight.astype(np.float64)).reshape(len(weight), -1).sum(axis=1)
        np.add.at(total, labels.axes[index], squares)
    return np.sqrt(total)


def norm_scale(labels: Labels, tensors: Tensors) -> np.ndarray:
    """The mean absolute scale of the batch norms behind a channel (network slimming); where there is none the mean of
    the others of its network, by label."""
    total, count = np.zeros(len(labels.fixed)), np.zeros(len(labels.fixed))
    for index, node in enumerate(labels.graph.nodes):
        if isinstance(node.op, BatchNorm):
            np.add.at(total, labels.axes[index], np.abs(tensors[f"{node.name}.weight"].astype(np.float64)))
            np.add.at(count, labels.axes[index], 1)
    found = count > 0
    scale = np.divide(total, count, out=np.zeros_like(total), where=found)
    scale[~found] = scale[found].mean() if found.any() else 1.0
    return scale


def taylor(
    labels: Labels, network: nn.Module, batches: Iterable[object], loss: Callable[[nn.Module, object], Tensor]
) -> np.ndarray:
    """How much the loss would change without a channel, to first order: the squared sum of weight times gradient over
    its filters, summed over `batches` (Molchanov et al., Importance Estimation for Neural Network Pruning, 2019); by
    label. `loss` runs the network on one batch. The network's gradients are overwritten, its weights stay."""
    total = np.zeros(len(labels.fixed))
    weights = {index: network.get_parameter(f"{labels.graph.nodes[index].name}.weight") for index in _producing(labels)}
    for batch in batches:
        network.zero_grad(set_to_none=True)
        loss(network, batch).backward()
        change = np.zeros(len(labels.fixed))
        for index, weight in weights.items():
            if weight.grad is not None:
                products = (weight.detach() * weight.grad).flatten(1).sum(1)
                np.add.at(change, labels.axes[index], products.double().cpu().numpy())
        total += np.square(change)
    network.zero_grad(set_to_none=True)
    return total


def _producing(labels: Labels) -> list[int]:
    """The layers that compute channels; lists of boxes have some too, that no filter makes."""
    nodes = labels.graph.nodes
    found = {index for producers in labels.producers for index in producers}
    return sorted(index for index in found if isinstance(nodes[index].op, Convolution | Linear))
