"""A running average of a network's weights and statistics, kept beside it."""

# torch's own optimisers are made of its _foreach functions, which have no public name.
# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of all floating-point parameters and buffers; integer buffers are copied.

    The decay of step t is min(decay, (1 + t) / (10 + t)), as TensorFlow's `ExponentialMovingAverage` does with a step
    count, so that the average forgets the initial weights quickly and short runs may use it too.
    `network` is the averaged copy; it holds no gradients and is meant for evaluation.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        self._averaged = [mine for mine, _ in pairs if mine.is_floating_point()]
        self._sources = [theirs for mine, theirs in pairs if mine.is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes the network's tensors in after optimiser step `step` (from 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._sources, 1 - decay)
        for mine, theirs in self._copied:
            mine.copy_(theirs)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [tensor.detach() for tensor in (*network.parameters(), *network.buffers())]
