"""NASWOT: what a network's activations say of it before it is trained (Mellor et al., Neural Architecture Search
without Training, 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

_SWITCHES = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU)
"""Activations that are on where their output is above zero."""


@torch.no_grad()
def naswot(network: nn.Module, images: Tensor) -> float:
    """How differently images `(N, C, H, W)` switch the activations of a network with fresh weights; more is better.

    The logarithm of the determinant of the `(N, N)` matrix of how many activations are on, or off, for both of two
    images (section 3, equation 2). With more activations there is more to differ, which is most of what it measures.
    The paper's networks have ReLUs alone; here an h-swish or swish counts too, which is on where a ReLU would be. 0 for
    a network that has none of them. Batch norm takes this batch's statistics, and `network` is left in that state.
    """
    agreeing = torch.zeros(len(images), len(images), dtype=torch.float64)

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        on = (output > 0).flatten(1).float()
        both = on @ on.T
        alone = both.diagonal()
        agreeing.add_(on.shape[1] - alone[:, None] - alone[None] + 2 * both)

    network.eval()  # a dropout would take of everybody's random numbers
    hooks: list[RemovableHandle] = []
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train()
        if isinstance(layer, _SWITCHES):
            hooks.append(layer.register_forward_hook(add))
    try:
        network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return float(torch.linalg.slogdet(agreeing).logabsdet) if hooks else 0.0
