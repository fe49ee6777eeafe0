"""ImageNet Classification with Deep Convolutional Neural Networks (Krizhevsky et al., 2012), and its one-tower form."""

from __future__ import annotations

from edgewise.blocks import Classifier, ConvAct, FullyConnected, MaxPool, ResponseNorm, Row
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

POOL = MaxPool(padding="valid")  # 3×3 at stride 2: windows overlap (section 3.4)


def alexnet(*, groups: int = 2) -> Architecture:
    """Figure 2: two towers that meet in the third convolution and in the fully connected layers.

    The text says 224 pixels; only 227 give the 55×55 cells of the first convolution.
    """
    rows: tuple[Row, ...] = (
        ConvAct(out_channels=96, kernel=11, stride=4, padding="valid"),
        ResponseNorm(),
        POOL,
        ConvAct(out_channels=256, kernel=5, groups=groups),
        ResponseNorm(),
        POOL,
        ConvAct(out_channels=384),
        ConvAct(out_channels=384, groups=groups),
        ConvAct(out_channels=256, groups=groups),
        POOL,
        FullyConnected(out_features=4096),
        FullyConnected(out_features=4096),
        Classifier(classes=1000),
    )
    name = "alexnet" if groups == 2 else f"alexnet_g{groups}"
    return Architecture(name=name, family="alexnet", rows=rows, input=(3, 227, 227))


def alexnet_one_tower() -> Architecture:
    """One weird trick for parallelizing convolutional neural networks (Krizhevsky, 2014): narrower, without groups and
    response normalisation; torchvision's `alexnet`."""
    rows: tuple[Row, ...] = (
        ConvAct(out_channels=64, kernel=11, stride=4, padding=(2, 2, 2, 2)),
        POOL,
        ConvAct(out_channels=192, kernel=5),
        POOL,
        ConvAct(out_channels=384),
        ConvAct(out_channels=256),
        ConvAct(out_channels=256),
        POOL,
        FullyConnected(out_features=4096),
        FullyConnected(out_features=4096),
        Classifier(classes=1000),
    )
    return Architecture(name="alexnet_one_tower", family="alexnet", rows=rows)


FAMILY = Family(
    "alexnet",
    "Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012",
    {"alexnet": alexnet, "alexnet_one_tower": alexnet_one_tower},
)
