"""Random weights that show every difference between two networks without amplifying rounding errors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgewise.nn import Network
from edgewise.papers import Architecture


def images(shape: tuple[int, ...]) -> Tensor:
    """Two random images of `shape` `(C, H, W)`, always the same."""
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def randomise(module: nn.Module, shape: tuple[int, ...]) -> None:
    """Random weights, and random scale and shift for batch norm: a fresh one would hide mistakes.

    Batch norm's statistics become those of `images(shape)`, so that values keep their size through any depth; with
    others they grow without bound in some networks. Shifts are large beside scales, which puts values on both sides of
    every kink (0, 6, ±3) and makes a network of a hundred layers far less chaotic; weak gates help there too.
    """
    generator = torch.Generator().manual_seed(0)
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.uniform_(0.5, 1, generator=generator)
            part.bias.normal_(0, 3, generator=generator)
        elif isinstance(part, nn.Conv2d | nn.Linear):
            # Variance is kept on the way, so that a difference anywhere shows at the end.
            part.weight.normal_(0, (2 / part.weight[0].numel()) ** 0.5, generator=generator)
            if part.bias is not None:
                part.bias.normal_(0, 0.1, generator=generator)
                if norms and isinstance(part, nn.Conv2d):
                    part.weight *= 0.5
    handles = [norm.register_forward_pre_hook(_settle) for norm in norms]
    module.eval()
    if norms:
        module(images(shape))
    for handle in handles:
        handle.remove()


def _settle(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    """Gives the norm the statistics of its input, and bounds what it does to channels that are nearly constant."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance + 0.05)


def same_weights(network: Network, reference: nn.Module) -> None:
    """Randomises `reference` and copies its tensors, in order, into `network`; both are in eval mode afterwards."""
    randomise(reference, network.architecture.input)
    theirs = list(reference.state_dict().items())
    ours = list(network.state_dict().items())
    assert len(ours) == len(theirs)
    for (name, mine), (their_name, tensor) in zip(ours, theirs, strict=True):
        if mine.shape != tensor.shape:  # a 1×1 convolution on a vector is a linear layer
            assert tensor.shape == (*mine.shape, 1, 1), (name, their_name)
        mine.copy_(tensor.reshape(mine.shape))
    network.eval()


def random_network(architecture: Architecture) -> Network:
    """The network of `architecture` in eval mode, as `randomise` makes it."""
    with torch.device("meta"):  # without the starting weights, which take longer than all the rest
        network = Network(architecture)
    network.to_empty(device="cpu")
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
    randomise(network, architecture.input)
    return network
