"""First-order Taylor scores against what really happens to the loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.adapting.labels import channel_labels
from edgewise.adapting.scores import taylor
from edgewise.blocks import Classifier, ConvAct
from edgewise.papers import Architecture
from random_weights import images, random_network


def test_taylor_is_the_change_of_the_loss_to_first_order() -> None:
    architecture = Architecture("tiny", (ConvAct(out_channels=4), Classifier(classes=3)), input=(3, 8, 8))
    network = random_network(architecture).double()
    labels = channel_labels(architecture.graph)
    x, y = images((3, 8, 8)).double(), torch.tensor([0, 2])

    def loss(module: nn.Module, batch: object) -> Tensor:
        del batch
        return functional.cross_entropy(module(x), y)

    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = taylor(labels, network, [None], loss)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    weight = network.get_parameter("0.conv.conv.weight")
    base = float(loss(network, None).detach())
    axis = labels.axes[architecture.graph.index("0.conv.conv")]
    small = 1e-6
    for channel, label in enumerate(axis.tolist()):
        with torch.no_grad():
            weight[channel] *= 1 - small
            change = (float(loss(network, None)) - base) / small
            weight[channel] /= 1 - small
        assert np.isclose(found[label], change**2, rtol=1e-3)
