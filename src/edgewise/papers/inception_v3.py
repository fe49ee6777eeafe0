"""Rethinking the Inception Architecture for Computer Vision (Szegedy et al., 2015)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import AuxiliaryClassifier, Classifier, ConvBNAct, Inception, MaxPool, Row, Step
from edgewise.graph.ops import BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family


def _a(projected: int) -> Inception:
    return Inception(
        branches=(
            (Step(out_channels=64),),
            (Step(out_channels=48), Step(out_channels=64, kernel=(5, 5))),
            (Step(out_channels=64), Step(out_channels=96, kernel=(3, 3)), Step(out_channels=96, kernel=(3, 3))),
            (Step(pool="average", kernel=(3, 3)), Step(out_channels=projected)),
        )
    )


_POOL_DOWN = Step(pool="max", kernel=(3, 3), stride=2, padding="valid")

_B = Inception(
    branches=(
        (Step(out_channels=384, kernel=(3, 3), stride=2, padding="valid"),),
        (
            Step(out_channels=64),
            Step(out_channels=96, kernel=(3, 3)),
            Step(out_channels=96, kernel=(3, 3), stride=2, padding="valid"),
        ),
        (_POOL_DOWN,),
    )
)


def _c(inner: int) -> Inception:
    wide, tall = (1, 7), (7, 1)
    return Inception(
        branches=(
            (Step(out_channels=192),),
            (
                Step(out_channels=inner),
                Step(out_channels=inner, kernel=wide),
                Step(out_channels=192, kernel=tall),
            ),
            (
                Step(out_channels=inner),
                Step(out_channels=inner, kernel=tall),
                Step(out_channels=inner, kernel=wide),
                Step(out_channels=inner, kernel=tall),
                Step(out_channels=192, kernel=wide),
            ),
            (Step(pool="average", kernel=(3, 3)), Step(out_channels=192)),
        )
    )


_D = Inception(
    branches=(
        (Step(out_channels=192), Step(out_channels=320, kernel=(3, 3), stride=2, padding="valid")),
        (
            Step(out_channels=192),
            Step(out_channels=192, kernel=(1, 7)),
            Step(out_channels=192, kernel=(7, 1)),
            Step(out_channels=192, kernel=(3, 3), stride=2, padding="valid"),
        ),
        (_POOL_DOWN,),
    )
)

_E = Inception(
    branches=(
        (Step(out_channels=320),),
        (Step(out_channels=384), Step(out_channels=384, kernel=(1, 3), beside=384)),
        (
            Step(out_channels=448),
            Step(out_channels=384, kernel=(3, 3)),
            Step(out_channels=384, kernel=(1, 3), beside=384),
        ),
        (Step(pool="average", kernel=(3, 3)), Step(out_channels=192)),
    )
)


def inception_v3(*, auxiliary: bool = False) -> Architecture:
    """The topology that slim, Keras and torchvision release, at 299 pixels.

    The paper's own Table 1 lists another stem, and no release costs the 4.8 billion multiply-adds it prints.
    `auxiliary` adds the classifier on the last 17×17 map (section 4), with slim's weight of its loss.
    """
    helper = AuxiliaryClassifier(output="auxiliary", classes=1000, hidden=768, wide=5, dropout=0.0, weight=0.4)
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=32, stride=2, padding="valid"),
        ConvBNAct(out_channels=32, padding="valid"),
        ConvBNAct(out_channels=64),
        MaxPool(padding="valid"),
        ConvBNAct(out_channels=80, kernel=1),
        ConvBNAct(out_channels=192, padding="valid"),
        MaxPool(padding="valid"),
        _a(32),
        _a(64),
        _a(64),
        _B,
        _c(128),
        _c(160),
        _c(160),
        _c(192),
        *((helper,) if auxiliary else ()),
        _D,
        _E,
        _E,
        Classifier(classes=1000, dropout=0.5),
    )
    return Architecture(
        name="inception_v3" + ("_auxiliary" if auxiliary else ""),
        family="inception_v3",
        rows=rows,
        input=(3, 299, 299),
        norm=BatchNorm(eps=1e-3),
    )


FAMILY = Family(
    "inception_v3",
    "Szegedy et al., Rethinking the Inception Architecture, 2015",
    {"inception_v3": inception_v3, "inception_v3_auxiliary": partial(inception_v3, auxiliary=True)},
)
