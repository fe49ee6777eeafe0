"""Batch norms given back to weights that were published with theirs folded into the kernels.

Such weights come with norms that change nothing but add the bias. They give what they should until they are trained:
then a norm divides by the deviation of its batch, and everything behind it is of another size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor, nn

IMAGES = 256
"""How many training images tell what norms are to divide by."""


def folded_norms(network: nn.Module, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The batch norms of `network` that have their weights from `tensors` and change nothing but add a bias."""
    found: list[str] = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            mean, variance = tensors.get(f"{name}.running_mean"), tensors.get(f"{name}.running_var")
            if mean is None or variance is None or mean.shape != (layer.num_features,):
                continue
            if not mean.any() and bool((variance == variance[0]).all()):
                found.append(name)
    return tuple(found)


@torch.no_grad()
def unfold(network: nn.Module, norms: Collection[str], batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Gives the batch norms `norms` the mean and variance of what they see in `batches`, and the scales and shifts with
    which the network still gives the same in eval mode."""
    training = network.training
    layers = {name: layer for name, layer in network.named_modules() if name in norms}
    sums = {name: torch.zeros(3, _channels(layer), dtype=torch.float64) for name, layer in layers.items()}

    def seen(name: str, values: Tensor) -> None:
        flat = values.transpose(0, 1).flatten(1).double()
        sums[name] += torch.stack([torch.full((len(flat),), flat.shape[1]), flat.sum(1), flat.square().sum(1)])

    hooks = [
        layer.register_forward_pre_hook(lambda _, given, name=name: seen(name, given[0]))
        for name, layer in layers.items()
    ]
    try:
        network.eval()
        for images, _ in batches:
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
        network.train(training)
    for name, layer in layers.items():
        assert isinstance(layer, nn.BatchNorm2d)
        assert layer.running_mean is not None
        assert layer.running_var is not None
        count, total, squares = sums[name]
        mean = total / count
        variance = (squares / count - mean.square()).clamp(min=0)
        scale = layer.weight.double() / (layer.running_var.double() + layer.eps).sqrt()
        shift = layer.bias.double() - layer.running_mean.double() * scale
        layer.weight.copy_(scale * (variance + layer.eps).sqrt())
        layer.bias.copy_(shift + mean * scale)
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)


def _channels(layer: nn.Module) -> int:
    assert isinstance(layer, nn.BatchNorm2d)
    return layer.num_features
