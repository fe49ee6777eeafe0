"""MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018)."""

from __future__ import annotations

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family, at_widths


def _stage(t: int, c: int, n: int, s: int, *, entering: int) -> tuple[Row, ...]:
    """A line of Table 2: expansion factor t, width c, n times, the first with stride s."""
    return (
        InvertedResidual(expanded=t * entering, out_channels=c, stride=s),
        *(InvertedResidual(expanded=t * c, out_channels=c),) * (n - 1),
    )


TABLE_2: tuple[Row, ...] = (
    ConvBNAct(out_channels=32, stride=2, activation="relu6"),
    InvertedResidual(out_channels=16),
    *_stage(6, 24, 2, 2, entering=16),
    *_stage(6, 32, 3, 2, entering=24),
    *_stage(6, 64, 4, 2, entering=32),
    *_stage(6, 96, 3, 1, entering=64),
    *_stage(6, 160, 3, 2, entering=96),
    *_stage(6, 320, 1, 1, entering=160),
    ConvBNAct(out_channels=1280, kernel=1, activation="relu6", head=True),
    Classifier(classes=1000, dropout=0.2),
)

BASE = Architecture(
    name="mobilenet_v2",
    family="mobilenet_v2",
    rows=TABLE_2,
    widths=WidthRule(divisor=8, head="grow"),
)


def mobilenet_v2(width: float = 1.0) -> Architecture:
    """Table 2 times `width`; the last convolution keeps its 1280 channels below 1.0."""
    return BASE.scaled(width)


FAMILY = Family(
    "mobilenet_v2",
    "Sandler et al., MobileNetV2, 2018",
    at_widths("mobilenet_v2", mobilenet_v2, 1.4, 1.3, 1, 0.75, 0.5, 0.35),
    {"mobilenet_v2": mobilenet_v2},
)
