"""The building blocks, one file each: a row and what it does, over values. No torch."""

from edgewise.blocks.conv import ConvBNAct
from edgewise.blocks.heads import Classifier
from edgewise.blocks.inverted_residual import InvertedResidual
from edgewise.blocks.pool import MaxPool
from edgewise.blocks.residual import BasicBlock, Bottleneck
from edgewise.blocks.row import Row, Scaling, WidthRule
from edgewise.blocks.separable import DepthwiseSeparable
from edgewise.blocks.shuffle_unit import ShuffleDownUnitV2, ShuffleUnitV2

ROWS: tuple[type[Row], ...] = (
    BasicBlock,
    Bottleneck,
    Classifier,
    ConvBNAct,
    DepthwiseSeparable,
    InvertedResidual,
    MaxPool,
    ShuffleDownUnitV2,
    ShuffleUnitV2,
)
"""Every row a model file may name."""

__all__ = [
    "ROWS",
    "BasicBlock",
    "Bottleneck",
    "Classifier",
    "ConvBNAct",
    "DepthwiseSeparable",
    "InvertedResidual",
    "MaxPool",
    "Row",
    "Scaling",
    "ShuffleDownUnitV2",
    "ShuffleUnitV2",
    "WidthRule",
]
