"""The shared weights of a space's networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.func import functional_call

from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.searching.space import Point, Space
from edgewise.searching.supernet.sharing import SharedTensor, largest_shapes, part_of, shared_tensors

_KEPT = 64


class Supernet:
    """Every parameter that networks of `space` share, by key."""

    def __init__(self, space: Space, parameters: Mapping[str, nn.Parameter]) -> None:
        self.space = space
        self.parameters = dict(parameters)
        self._module = lru_cache(_KEPT)(_without_statistics)

    @classmethod
    def begin(cls, space: Space, points: Iterable[Point], seed: int) -> Supernet:
        """Weights for the networks of `points` and all whose tensors are no larger, drawn at random."""
        generator = torch.Generator().manual_seed(seed)
        shapes = largest_shapes(space, points)
        return cls(space, {key: nn.Parameter(_begun(key, shape, generator)) for key, shape in shapes.items()})

    def tensors(self, point: Point) -> dict[str, Tensor]:
        """The parameters of the point's network, by name, as views of the shared ones.

        Raises `EdgewiseError` where there is no network, or one with wider layers than the weights were made for.
        """
        return {name: self._part(one, point) for name, one in shared_tensors(self.space, point).items()}

    def forward(self, point: Point, images: Tensor) -> Tensor:
        """Logits `(N, K)` of the point's network for `images` `(N, 3, H, W)`, normalised by their own statistics."""
        module = self._module(self.space.architecture(point))
        return functional_call(module, self.tensors(point), (images,))

    @torch.no_grad()
    def network(self, point: Point) -> Network:
        """The point's network with a copy of its weights; its batch norms have no statistics yet."""
        network = Network(self.space.architecture(point))
        parameters = dict(network.named_parameters())
        for name, tensor in self.tensors(point).items():
            parameters[name].copy_(tensor)
        return network

    def _part(self, one: SharedTensor, point: Point) -> Tensor:
        whole = self.parameters.get(one.key)
        if whole is None or any(own > full for own, full in zip(one.shape, whole.shape, strict=True)):
            raise EdgewiseError(f"{self.space.named(point)} of {self.space.name} needs more than the shared weights")
        return whole[part_of(tuple(whole.shape), one.shape)]


def _without_statistics(architecture: Architecture) -> nn.Module:
    """The network as a module without memory, whose batch norms use the statistics of what they are given."""
    with torch.device("meta"):
        module = Network(architecture)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None
            layer.track_running_stats = False
    return module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _begun(key: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A tensor as networks begin: He's variance by what leaves a convolution, 0.01 for linear layers, one and zero for
    batch norm's scale and for all that is added."""
    if len(shape) == 4:
        leaving = (1 if "/depthwise." in key else shape[0]) * shape[2] * shape[3]
        return torch.randn(shape, generator=generator) * (2 / leaving) ** 0.5
    if len(shape) == 2:
        return torch.randn(shape, generator=generator) * 0.01
    return torch.ones(shape) if key.endswith(".weight") else torch.zeros(shape)
