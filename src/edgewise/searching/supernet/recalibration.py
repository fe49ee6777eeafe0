"""Batch norm statistics for a network that took its weights from others: shared weights have none of their own
(Yu and Huang, Universally Slimmable Networks, 2019, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Sets the statistics of all batch norms to the mean of those of `batches`; leaves the network in eval mode."""
    network.eval()
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # each batch weighs as much as the others
        layer.train()
    for images, _ in batches:
        network(images.contiguous(memory_format=torch.channels_last))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
