"""Starting weights, as the papers or their released code have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Generator, nn

ConvolutionInit = Callable[[nn.Conv2d, Generator | None], None]


def he_fan_out(module: nn.Conv2d, generator: Generator | None) -> None:
    """Normal with variance 2 / (output channels per group × kernel cells) (He et al. 2015; ResNet's release).

    torch's own fan out leaves the groups out, which makes depthwise kernels vanish.
    """
    leaving = module.weight.shape[0] // module.groups * module.weight[0, 0].numel()
    nn.init.normal_(module.weight, std=(2 / leaving) ** 0.5, generator=generator)


def he_fan_in(module: nn.Conv2d | nn.Linear, generator: Generator | None) -> None:
    """Normal with variance 2 / (input channels per group × kernel cells): values keep their size on the way forward,
    which networks without batch norm depend on (He et al. 2015, Delving Deep into Rectifiers)."""
    nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=generator)


def truncated(module: nn.Conv2d, generator: Generator | None) -> None:
    """Normal of deviation 0.09 cut at two deviations: slim's MobileNets."""
    nn.init.trunc_normal_(module.weight, std=0.09, a=-0.18, b=0.18, generator=generator)


def by_inputs(module: nn.Conv2d, generator: Generator | None) -> None:
    """Normal of deviation 1 / input channels per group, 0.01 for the stem: Megvii's ShuffleNets."""
    channels = module.weight.shape[1]
    nn.init.normal_(module.weight, std=0.01 if channels == 3 else 1 / channels, generator=generator)


SCHEMES: Mapping[str, ConvolutionInit] = {
    "mobilenet_v1": truncated,
    "mobilenet_v2": truncated,
    "mobilenet_v3": truncated,
    "mnasnet": truncated,
    "fd_mobilenet": truncated,
    "shufflenet_v1": by_inputs,
    "shufflenet_v2": by_inputs,
}
"""Convolutions by family; all others start with `he_fan_out`, or without batch norm with `he_fan_in`."""


def initialise_last(module: nn.Linear | nn.Conv2d, generator: Generator | None = None) -> None:
    """A linear layer: normal of deviation 0.01, as torchvision and Megvii release it; slim's 0.09 gives first class
    scores many times larger, which costs a short training its first epochs.

    A convolution (SqueezeNet's): `he_fan_in`, because behind scores near zero its ReLU dies (5 epochs of the digits:
    76% right, 23% with a deviation of 0.01).
    """
    if isinstance(module, nn.Conv2d):
        he_fan_in(module, generator)
    else:
        nn.init.normal_(module.weight, std=0.01, generator=generator)
    if module.bias is not None:
        nn.init.zeros_(module.bias)


_PREDICTED = ("classes", "low_classes", "boxes")
"""Layers that give scores of maps and boxes: they start near zero, like the last one of a classifier, or the first
steps of training correct scores that mean nothing."""


@torch.no_grad()
def initialise(network: nn.Module, family: str, generator: Generator | None = None) -> None:
    """Sets every parameter and statistic of `network` to its start in the scheme of `family`."""
    normalised = any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    convolution = SCHEMES.get(family, he_fan_out if normalised else he_fan_in)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            if name.rpartition(".")[2].startswith(_PREDICTED) and module.bias is not None and normalised:
                nn.init.normal_(module.weight, std=0.01, generator=generator)
            else:
                convolution(module, generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            initialise_last(module, generator)
            if not normalised and not name.endswith("classes"):  # a hidden layer that nothing else keeps in size
                he_fan_in(module, generator)
