"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters (Iandola et al., 2016)."""

from __future__ import annotations

from edgewise.blocks import ConvAct, ConvClassifier, Fire, MaxPool, Row
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

POOL = MaxPool(padding="valid", ceil=True)


def _fire(squeezed: int, expanded: int, number: int) -> tuple[Row, ...]:
    return (Fire(squeezed=squeezed, pointwise=expanded, spatial=expanded),) * number


def squeezenet1_0() -> Architecture:
    """Table 1."""
    rows: tuple[Row, ...] = (
        ConvAct(out_channels=96, kernel=7, stride=2, padding="valid"),
        POOL,
        *_fire(16, 64, 2),
        *_fire(32, 128, 1),
        POOL,
        *_fire(32, 128, 1),
        *_fire(48, 192, 2),
        *_fire(64, 256, 1),
        POOL,
        *_fire(64, 256, 1),
        ConvClassifier(classes=1000),
    )
    return Architecture(name="squeezenet1_0", family="squeezenet", rows=rows)


def squeezenet1_1() -> Architecture:
    """The authors' later release: a smaller stem and earlier pooling, 2.4 times cheaper."""
    rows: tuple[Row, ...] = (
        ConvAct(out_channels=64, stride=2, padding="valid"),
        POOL,
        *_fire(16, 64, 2),
        POOL,
        *_fire(32, 128, 2),
        POOL,
        *_fire(48, 192, 2),
        *_fire(64, 256, 2),
        ConvClassifier(classes=1000),
    )
    return Architecture(name="squeezenet1_1", family="squeezenet", rows=rows)


FAMILY = Family(
    "squeezenet",
    "Iandola et al., SqueezeNet, 2016",
    {"squeezenet1_0": squeezenet1_0, "squeezenet1_1": squeezenet1_1},
)
