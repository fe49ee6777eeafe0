"""Going Deeper with Convolutions (Szegedy et al., 2014)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import (
    AuxiliaryClassifier,
    Classifier,
    ConvAct,
    ConvBNAct,
    Inception,
    MaxPool,
    ResponseNorm,
    Row,
    Step,
)
from edgewise.graph.ops import BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

TABLE_1: dict[str, tuple[int, int, int, int, int, int]] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Widths of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection, by module."""


def _module(name: str, *, released: bool) -> Inception:
    one, reduce3, three, reduce5, five, projected = TABLE_1[name]
    large = (3, 3) if released else (5, 5)
    return Inception(
        branches=(
            (Step(out_channels=one),),
            (Step(out_channels=reduce3), Step(out_channels=three, kernel=(3, 3))),
            (Step(out_channels=reduce5), Step(out_channels=five, kernel=large)),
            (Step(pool="max", kernel=(3, 3)), Step(out_channels=projected)),
        ),
        batch_norm=released,
    )


def googlenet(*, released: bool = False, auxiliary: bool = False) -> Architecture:
    """Table 1, with biases and response normalisation; `auxiliary` adds the two classifiers that help to train it.

    `released` is the common form (slim, torchvision): batch norm, and a 3×3 in place of every 5×5.
    """
    down = MaxPool(padding="valid", ceil=True)
    modules = {name: _module(name, released=released) for name in TABLE_1}
    helpers: dict[str, Row] = {}
    if auxiliary:
        helpers = {
            after: AuxiliaryClassifier(output=output, classes=1000, batch_norm=released)
            for after, output in (("4a", "auxiliary1"), ("4d", "auxiliary2"))
        }
    stem: tuple[Row, ...] = (
        ConvAct(out_channels=64, kernel=7, stride=2),
        down,
        ResponseNorm(),
        ConvAct(out_channels=64, kernel=1),
        ConvAct(out_channels=192),
        ResponseNorm(),
    )
    if released:
        stem = (
            ConvBNAct(out_channels=64, kernel=7, stride=2),
            down,
            ConvBNAct(out_channels=64, kernel=1),
            ConvBNAct(out_channels=192),
        )
    downs = {"3a": down, "4a": down, "5a": MaxPool(kernel=2, padding="valid", ceil=True) if released else down}
    body: list[Row] = []
    for name, module in modules.items():
        body += [downs[name]] if name in downs else []
        body.append(module)
        body += [helpers[name]] if name in helpers else []
    return Architecture(
        name="googlenet" + ("_bn" if released else "") + ("_auxiliary" if auxiliary else ""),
        family="googlenet",
        rows=(*stem, *body, Classifier(classes=1000, dropout=0.2 if released else 0.4)),
        norm=BatchNorm(eps=1e-3),
    )


FAMILY = Family(
    "googlenet",
    "Szegedy et al., Going Deeper with Convolutions, 2014",
    {
        "googlenet": googlenet,
        "googlenet_auxiliary": partial(googlenet, auxiliary=True),
        "googlenet_bn": partial(googlenet, released=True),
        "googlenet_bn_auxiliary": partial(googlenet, released=True, auxiliary=True),
    },
)
