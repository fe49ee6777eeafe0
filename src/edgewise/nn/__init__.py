"""Torch networks and blocks, interpreted from architectures and rows."""

from edgewise.nn.blocks import (
    BasicBlock,
    Bottleneck,
    ChannelShuffle,
    ConvAct,
    ConvBNAct,
    DepthwiseSeparable,
    Fire,
    HardSwish,
    Inception,
    InvertedResidual,
    ShuffleDownUnitV2,
    ShuffleUnitV1,
    ShuffleUnitV2,
    SpatiallySeparable,
    SqueezeExcite,
    XceptionModule,
)
from edgewise.nn.initialise import initialise
from edgewise.nn.network import Block, Network

__all__ = [
    "BasicBlock",
    "Block",
    "Bottleneck",
    "ChannelShuffle",
    "ConvAct",
    "ConvBNAct",
    "DepthwiseSeparable",
    "Fire",
    "HardSwish",
    "Inception",
    "InvertedResidual",
    "Network",
    "ShuffleDownUnitV2",
    "ShuffleUnitV1",
    "ShuffleUnitV2",
    "SpatiallySeparable",
    "SqueezeExcite",
    "XceptionModule",
    "initialise",
]
