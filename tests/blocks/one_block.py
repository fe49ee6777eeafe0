"""A single row as a module with random weights, its values on the way, and what reaches what."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from edgewise.blocks import Row
from edgewise.nn import Block


def image(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def made(row: Row, shape: tuple[int, int, int]) -> Block:
    """The row as a module in eval mode, with random weights and statistics."""
    torch.manual_seed(0)
    block = Block(row, shape).eval()
    for part in block.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.normal_(part.weight, std=(2 / part.weight[0].numel()) ** 0.5)
            if part.bias is not None:
                nn.init.normal_(part.bias, std=0.2)
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            nn.init.normal_(part.running_mean, std=0.2)
            nn.init.normal_(part.bias, std=0.2)
    return block


def values(block: Block, x: Tensor, *names: str) -> list[Tensor]:
    """The values called `names` on the way."""
    wanted = [block.graph.index(name) for name in names]
    kept = block.run(x, wanted)
    return [kept[index] for index in wanted]


def convolved(block: Block, name: str, x: Tensor, activation: bool = True) -> Tensor:
    """The step `name` of `block` on `x`: its convolution, its norm and a ReLU."""
    y = block.get_submodule(f"{name}.norm")(block.get_submodule(f"{name}.conv")(x))
    return y.relu() if activation else y


@torch.no_grad()
def reached(block: Block, shape: tuple[int, int, int], touched: Iterable[int]) -> list[int]:
    """The output channels that change when the input channels `touched` do."""
    x = image(8, *shape)
    other = x.clone()
    other[:, list(touched)] += image(8, *shape)[:, list(touched)].flip(2) + 0.5
    changed = (block(x) - block(other)).abs().amax((0, 2, 3)) > 1e-6
    return changed.nonzero().flatten().tolist()
