"""A network as XNNPACK takes it whole: what ExecuTorch would compute outside of XNNPACK is written differently, with
the same results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from edgewise.data.preprocessing import Preprocessing
from edgewise.graph import Graph
from edgewise.graph.ops import Activation, Convolution, Linear, LocalResponseNorm, Pool
from edgewise.nn.interpreter import Interpreter, Outputs, WithOutputs


def module_for_xnnpack(graph: Graph, tensors: Mapping[str, np.ndarray]) -> nn.Module:
    """The torch module of a folded graph with its tensors, in evaluation mode. It gives the main output, or a tuple of
    all: the main one first, the others in their order.

    `hard_sigmoid(x) = relu6(x + 3) / 6` behind a convolution or linear layer with a bias becomes that layer with
    `w / 6` and `b / 6 + 1/2`, clamped to [0, 1], which XNNPACK does while it writes the layer's result; else it
    is four ops, two of them outside of XNNPACK. An average pool that counts its padding, which XNNPACK has not and
    ExecuTorch does slowly, is the depthwise convolution that it equals; that one has int8, too. A maximum pool padded
    behind the map alone (TensorFlow's SAME) is one that keeps its last, partial window. Response normalisation, which
    ExecuTorch has not at all, sums its squares by a 1×1 convolution.
    """
    constants = dict(tensors)
    instead: dict[str, nn.Module] = {}
    for node in graph.nodes[1:]:
        match node.op:
            case Activation("hard_sigmoid") if _can_scale(graph, node.inputs[0]):
                layer = graph.nodes[node.inputs[0]].name
                constants[f"{layer}.weight"] = constants[f"{layer}.weight"] / np.float32(6)
                constants[f"{layer}.bias"] = constants[f"{layer}.bias"] / np.float32(6) + np.float32(0.5)
                instead[node.name] = nn.Hardtanh(0.0, 1.0)
            case Pool("average", padding=(top, bottom, left, right), ceil=False, count_padding=True) as pool if any(
                pool.padding
            ) and (top, left) == (bottom, right):
                instead[node.name] = _average(node.shape[0], pool)
            case Pool("max", kernel, stride, (0, bottom, 0, right)) as pool if bottom or right:
                partial = replace(pool, padding=(0, 0, 0, 0), ceil=True)
                if partial.output_shape(graph.nodes[node.inputs[0]].shape) == node.shape:
                    instead[node.name] = nn.MaxPool2d(kernel, stride, ceil_mode=True)
            case LocalResponseNorm():
                instead[node.name] = _ResponseNorm(node.shape[0], node.op)
    network = Interpreter(graph)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in constants.items()})
    for name, module in instead.items():
        network.set_submodule(name, module)
    return WithOutputs(network).eval().requires_grad_(False)


def _can_scale(graph: Graph, index: int) -> bool:
    """Whether the value is that of a layer with a bias, and read by one node alone."""
    op = graph.nodes[index].op
    alone = len(graph.consumers[index]) == 1 and index not in graph.outputs.values()
    return alone and isinstance(op, Convolution | Linear) and op.bias


def _average(channels: int, pool: Pool) -> nn.Conv2d:
    top, _, left, _ = pool.padding
    convolution = nn.Conv2d(channels, channels, pool.kernel, pool.stride, (top, left), groups=channels, bias=False)
    nn.init.constant_(convolution.weight, 1 / prod(pool.kernel))
    return convolution


class _ResponseNorm(nn.Module):
    """`x / (k + α · Σ x²)^β`, the sum over `size` neighbouring channels, as torch has them for an even size."""

    def __init__(self, channels: int, op: LocalResponseNorm) -> None:
        super().__init__()
        self.beta = op.beta
        self.sums = nn.Conv2d(channels, channels, 1)
        near = torch.ones(channels, channels).triu(-(op.size // 2)).tril((op.size - 1) // 2)
        self.sums.weight = nn.Parameter(op.alpha * near[:, :, None, None])
        self.sums.bias = nn.Parameter(torch.full((channels,), float(op.k)))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.exp(-self.beta * torch.log(self.sums(x * x)))


class Normalised(nn.Module):
    """A module that takes uint8 pixels `(N, 3, H, W)`: `(pixels / 255 − mean) / std`, then `module`."""

    scale: Tensor
    shift: Tensor

    def __init__(self, module: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.module = module
        mean, deviation = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (preprocessing.mean, preprocessing.std))
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("shift", -mean / deviation)

    def forward(self, pixels: Tensor) -> Outputs:
        return self.module(pixels.to(torch.float32) * self.scale + self.shift)


def lowered(module: nn.Module, shape: tuple[int, ...], *, pixels: bool = False) -> bytes:
    """The module as an ExecuTorch program for inputs of `shape`, float32 or, as `pixels`, uint8."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import (  # type: ignore[import-not-found]  # an extra
        XnnpackPartitioner,
    )
    from executorch.exir import to_edge_transform_and_lower  # type: ignore[import-not-found]

    program = torch.export.export(module, (torch.zeros(shape, dtype=torch.uint8 if pixels else torch.float32),))
    return to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch().buffer
