"""The building blocks as torch modules of their own, for people who build networks by hand.

Each takes the channels that enter it (or the whole shape, for padding by size) and then the fields of its row:

    InvertedResidual(40, out_channels=40, expanded=240, kernel=5, squeeze=64, activation="hard_swish")

maps `(N, 40, H, W)` to `(N, 40, H, W)`. Widths that do not fit (groups that do not divide the channels) raise
`EdgewiseError`. What a block computes is in `edgewise.blocks`, with its source.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from torch import Tensor, nn

from edgewise import blocks
from edgewise.blocks import Row
from edgewise.nn.network import Block
from edgewise.nn.operations import shuffle

P = ParamSpec("P")

Entering = int | tuple[int, int, int]
"""The channels of a block's input, or its shape `(C, H, W)`."""


def _module(row: Callable[P, Row]) -> Callable[Concatenate[Entering, P], Block]:
    """The class of the blocks that `row` describes; its arguments are those of the row."""
    kind = cast("type[Row]", row)

    class Alone(Block):
        def __init__(self, in_channels: Entering, *args: P.args, **fields: P.kwargs) -> None:
            super().__init__(row(*args, **fields), in_channels)

    Alone.__name__ = Alone.__qualname__ = kind.__name__
    Alone.__doc__ = kind.__doc__
    entering = inspect.Parameter("in_channels", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Entering)
    signature = inspect.signature(kind)
    setattr(Alone, "__signature__", signature.replace(parameters=[entering, *signature.parameters.values()]))  # noqa: B010
    return Alone


ConvBNAct = _module(blocks.ConvBNAct)
ConvAct = _module(blocks.ConvAct)
DepthwiseSeparable = _module(blocks.DepthwiseSeparable)
InvertedResidual = _module(blocks.InvertedResidual)
SqueezeExcite = _module(blocks.SqueezeExcite)
ShuffleUnitV1 = _module(blocks.ShuffleUnitV1)
ShuffleUnitV2 = _module(blocks.ShuffleUnitV2)
ShuffleDownUnitV2 = _module(blocks.ShuffleDownUnitV2)
BasicBlock = _module(blocks.BasicBlock)
Bottleneck = _module(blocks.Bottleneck)
Fire = _module(blocks.Fire)
Inception = _module(blocks.Inception)
SpatiallySeparable = _module(blocks.SpatiallySeparable)
XceptionModule = _module(blocks.XceptionModule)


class ChannelShuffle(nn.Module):
    """ShuffleNet's channel shuffle of `(N, C, H, W)` in `groups`, which have to divide C (section 3.1)."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """The same values, the channels of each group dealt out to all groups."""
        return shuffle(x, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


class HardSwish(nn.Hardswish):
    """`x · relu6(x + 3) / 6` (MobileNetV3, section 5.2)."""
