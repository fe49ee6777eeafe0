"""SSD: Single Shot MultiBox Detector (Liu et al., 2015)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import sqrt

from edgewise.blocks import SSD, AnchorMap, AtrousStage, Extra, MaxPool
from edgewise.blocks.anchors import of_scale
from edgewise.papers.architecture import Architecture
from edgewise.papers.backbone import body
from edgewise.papers.family import Family
from edgewise.papers.vgg import vgg

SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
STEPS = (8, 16, 32, 64, 100, 300)
"""Scales and steps of the authors' release for COCO at 300×300."""

FEW, MANY = (2.0, 0.5), (2.0, 0.5, 3.0, 1 / 3)
RATIOS = (FEW, MANY, MANY, MANY, FEW, FEW)

ANCHORS = tuple(
    AnchorMap(of_scale(scale, sqrt(scale * beyond), *ratios), step)
    for (scale, beyond), ratios, step in zip(pairwise(SCALES), RATIOS, STEPS, strict=True)
)

EXTRAS = (
    Extra(reduced=256, out_channels=512),
    Extra(reduced=128, out_channels=256),
    Extra(reduced=128, out_channels=256, stride=1, padding="valid"),
    Extra(reduced=128, out_channels=256, stride=1, padding="valid"),
)


def ssd300_vgg16(classes: int = 90) -> Architecture:
    """Figure 2: VGG-16 with its fully connected layers as convolutions, boxes from conv4_3, fc7 and four further
    maps. The third pooling keeps its last, partial window: maps of 38 cells a side, not 37."""
    rows = list(body(vgg(16)).rows)
    pools = [index for index, row in enumerate(rows) if isinstance(row, MaxPool)]
    rows[pools[2]] = MaxPool(kernel=2, padding="valid", ceil=True)
    head = SSD(
        classes=classes,
        first=str(pools[3] - 1),
        anchors=ANCHORS,
        extras=EXTRAS,
        form="ssd",
        activation="relu",
        batch_norm=False,
        scale_first=True,
    )
    features = (*rows[: pools[4]], AtrousStage(), head)
    return replace(vgg(16), name="ssd300_vgg16", family="ssd", rows=features, input=(3, 300, 300))


FAMILY = Family("ssd", "Liu et al., SSD, 2015", {"ssd300_vgg16": ssd300_vgg16}, task="detect")
