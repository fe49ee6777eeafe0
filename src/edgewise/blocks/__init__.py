"""The building blocks, one file each: a row and what it does, over values. No torch."""

from edgewise.blocks.anchors import Anchor, AnchorMap
from edgewise.blocks.aspp import ASPP
from edgewise.blocks.conv import ConvAct, ConvBNAct
from edgewise.blocks.fire import Fire
from edgewise.blocks.heads import AuxiliaryClassifier, Classifier, ConvClassifier, FullyConnected, Head, Task
from edgewise.blocks.inception import Inception, SpatiallySeparable, Step
from edgewise.blocks.inverted_residual import InvertedResidual
from edgewise.blocks.lite_aspp import RASPP, LiteRASPP
from edgewise.blocks.mnas_layer import MnasLayer
from edgewise.blocks.pool import MaxPool, ResponseNorm
from edgewise.blocks.pyramid import FeaturePyramid
from edgewise.blocks.residual import BasicBlock, Bottleneck
from edgewise.blocks.row import Row, Scaling, WidthRule
from edgewise.blocks.separable import DepthwiseSeparable
from edgewise.blocks.shuffle_unit_v1 import ShuffleUnitV1
from edgewise.blocks.shuffle_unit_v2 import ShuffleDownUnitV2, ShuffleUnitV2
from edgewise.blocks.squeeze_excite import SqueezeExcite
from edgewise.blocks.ssd import SSD, AtrousStage, Extra
from edgewise.blocks.xception_module import XceptionModule

ROWS: tuple[type[Row], ...] = (
    ASPP,
    AtrousStage,
    AuxiliaryClassifier,
    BasicBlock,
    Bottleneck,
    Classifier,
    ConvAct,
    ConvBNAct,
    ConvClassifier,
    DepthwiseSeparable,
    FeaturePyramid,
    Fire,
    FullyConnected,
    Inception,
    InvertedResidual,
    LiteRASPP,
    MaxPool,
    MnasLayer,
    RASPP,
    ResponseNorm,
    SSD,
    ShuffleDownUnitV2,
    ShuffleUnitV1,
    ShuffleUnitV2,
    SpatiallySeparable,
    SqueezeExcite,
    XceptionModule,
)
"""Every row a model file may name."""

__all__ = [
    "ASPP",
    "RASPP",
    "ROWS",
    "SSD",
    "Anchor",
    "AnchorMap",
    "AtrousStage",
    "AuxiliaryClassifier",
    "BasicBlock",
    "Bottleneck",
    "Classifier",
    "ConvAct",
    "ConvBNAct",
    "ConvClassifier",
    "DepthwiseSeparable",
    "Extra",
    "FeaturePyramid",
    "Fire",
    "FullyConnected",
    "Head",
    "Inception",
    "InvertedResidual",
    "LiteRASPP",
    "MaxPool",
    "MnasLayer",
    "ResponseNorm",
    "Row",
    "Scaling",
    "ShuffleDownUnitV2",
    "ShuffleUnitV1",
    "ShuffleUnitV2",
    "SpatiallySeparable",
    "SqueezeExcite",
    "Step",
    "Task",
    "WidthRule",
    "XceptionModule",
]
