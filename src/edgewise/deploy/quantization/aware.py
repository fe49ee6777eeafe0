"""Quantisation-aware fine-tuning: the network computes with rounded weights and values while it is trained on.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018):
gradients pass through the rounding as if it were not there (straight-through), and stop where a value is clipped. Batch
norm is folded into the convolution with its running statistics, as in the artifact; these stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call

from edgewise.data import Preprocessing, Split
from edgewise.deploy.export import IMAGE, LOGITS
from edgewise.deploy.fold import folded
from edgewise.deploy.quantization.places import Place, Places
from edgewise.deploy.tensors import tensors_of
from edgewise.graph import Node
from edgewise.graph.ops import BatchNorm, Convolution, Linear
from edgewise.nn import Network
from edgewise.nn.operations import OPERATIONS, Operation
from edgewise.training.progress import Progress
from edgewise.training.recipe import Recipe

_FOLLOW = 0.1
"""How much of the way a range goes to each batch's extremes. The artifact is calibrated afresh afterwards, so ranges
must have arrived where the trained network's are: what the network learnt while they cut it off would be lost."""

_WEIGHT_LIMIT = 127


class Rounded(nn.Module):
    """Rounds a value to eight bits, whose range follows the extremes of the batches in training."""

    low: Tensor
    high: Tensor

    def __init__(self, place: Place) -> None:
        super().__init__()
        low, high = place.bounds
        self.levels = place.highest - place.lowest
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                smallest, largest = torch.aminmax(x.detach().float())
                self.low.lerp_(smallest.clamp(max=0), _FOLLOW)  # zero is always exact: padding is made of it
                self.high.lerp_(largest.clamp(min=0), _FOLLOW)
        scale = ((self.high - self.low) / self.levels).clamp(min=torch.finfo(torch.float32).tiny)
        zero = (-self.low / scale).round().to(torch.int32)
        return torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, self.levels)


def rounded_weight(weight: Tensor) -> Tensor:
    """Weights `(O, …)` rounded to int8, with one scale per output channel and zero in the middle."""
    largest = weight.detach().flatten(1).abs().amax(1)
    scale = (largest / _WEIGHT_LIMIT).clamp(min=torch.finfo(torch.float32).tiny)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -_WEIGHT_LIMIT, _WEIGHT_LIMIT)


class QuantisationAware(nn.Module):
    """Computes the folded graph of `network` with the roundings of `places`, on the network's own parameters: training
    this module trains them. Images `(N, C, H, W)` in, the main output out."""

    def __init__(self, network: Network, places: Places) -> None:
        super().__init__()
        self.network = network
        graph, _ = folded(network.graph, tensors_of(network))
        self.nodes, self.output = graph.nodes, graph.outputs["output"]
        original = network.graph.nodes
        left = {node.name for node in graph.nodes}
        self._norms = {
            original[node.inputs[0]].name: node.name
            for node in original
            if isinstance(node.op, BatchNorm) and node.name not in left
        }
        self._weights = {name for name, index in places.weights if index == 1}
        called = {0: IMAGE, self.output: LOGITS}
        rounded: dict[str, Rounded] = {}
        self._operations: dict[int, Operation] = {}
        fresh: dict[str, nn.Module] = {}
        for index, node in enumerate(graph.nodes):
            place = places.values.get(called.get(index, node.name))
            if place is not None:
                rounded[str(index)] = Rounded(place)
            if index == 0 or isinstance(node.op, Convolution | Linear | BatchNorm):
                continue
            # Not the network's own, which may overwrite what they are given.
            operation = OPERATIONS[type(node.op)](node.op, graph.nodes[node.inputs[0]].shape, False)
            if isinstance(operation, nn.Module):
                fresh[str(index)] = operation
            else:
                self._operations[index] = operation
        self.rounded = nn.ModuleDict(rounded)
        self.fresh = nn.ModuleDict(fresh)

    def forward(self, x: Tensor) -> Tensor:
        values: list[Tensor] = []
        for index, node in enumerate(self.nodes):
            y = x if index == 0 else self._computed(index, node, [values[source] for source in node.inputs])
            values.append(self.rounded[str(index)](y) if str(index) in self.rounded else y)
        return values[self.output]

    def _computed(self, index: int, node: Node, inputs: list[Tensor]) -> Tensor:
        if isinstance(node.op, Convolution | Linear):
            return self._product(node, inputs[0])
        if isinstance(node.op, BatchNorm):
            return self.network.get_submodule(node.name)(inputs[0])
        operation = self._operations[index] if index in self._operations else self.fresh[str(index)]
        return operation(*inputs)

    def _product(self, node: Node, x: Tensor) -> Tensor:
        module = self.network.get_submodule(node.name)
        assert isinstance(module, nn.Conv2d | nn.Linear)
        weight, bias = module.weight, module.bias
        if node.name in self._norms:
            norm = self.network.get_submodule(self._norms[node.name])
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = weight * factor[:, None, None, None]
            bias = norm.bias + ((bias if bias is not None else 0) - norm.running_mean) * factor
        if node.name in self._weights:
            weight = rounded_weight(weight)
        # Through the module, for its padding; with the bias beside it, since most have none to take the place of.
        taken = {"weight": weight}
        if bias is None:
            return functional_call(module, taken, (x,))
        if module.bias is not None:
            return functional_call(module, taken | {"bias": bias}, (x,))
        return functional_call(module, taken, (x,)) + bias[:, None, None]


def fine_tune(
    network: Network,
    splits: Mapping[str, Split],
    recipe: Recipe,
    folder: Path,
    places: Places,
    *,
    preprocessing: Preprocessing,
    workers: int = 0,
    progress: bool | Callable[[Progress], None] = False,
) -> None:
    """Trains `network` in place for the roundings of `places`, by `recipe`; its tensors stay those of an ordinary
    network. The run lives in `folder` and goes on there, as `training.train` does, which also says what it raises."""
    from edgewise.training import train

    module = QuantisationAware(network, places)
    train(module, splits, recipe, folder, preprocessing=preprocessing, workers=workers, progress=progress)
    network.eval()
