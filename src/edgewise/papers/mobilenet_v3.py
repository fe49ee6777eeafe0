"""Searching for MobileNetV3 (Howard et al., 2019; arXiv v5)."""

from __future__ import annotations

from dataclasses import replace

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers.architecture import Architecture

RE: ActivationKind = "relu"
HS: ActivationKind = "hard_swish"


def _bneck(k: int, exp: int, out: int, se: int, nl: ActivationKind, s: int) -> InvertedResidual:
    """A "bneck" line of Tables 1 and 2; `se` is the squeezed width, a quarter of `exp` in multiples of 8."""
    return InvertedResidual(expanded=exp, out_channels=out, kernel=k, stride=s, squeeze=se, activation=nl)


TABLE_1: tuple[Row, ...] = (
    ConvBNAct(out_channels=16, stride=2, activation=HS),
    _bneck(3, 0, 16, 0, RE, 1),  # printed as expanded to 16, its own input: no expansion convolution
    _bneck(3, 64, 24, 0, RE, 2),
    _bneck(3, 72, 24, 0, RE, 1),
    _bneck(5, 72, 40, 24, RE, 2),
    _bneck(5, 120, 40, 32, RE, 1),
    _bneck(5, 120, 40, 32, RE, 1),
    _bneck(3, 240, 80, 0, HS, 2),
    _bneck(3, 200, 80, 0, HS, 1),
    _bneck(3, 184, 80, 0, HS, 1),
    _bneck(3, 184, 80, 0, HS, 1),
    _bneck(3, 480, 112, 120, HS, 1),
    _bneck(3, 672, 112, 168, HS, 1),
    _bneck(5, 672, 160, 168, HS, 2),
    _bneck(5, 960, 160, 240, HS, 1),
    _bneck(5, 960, 160, 240, HS, 1),
    ConvBNAct(out_channels=960, kernel=1, activation=HS),
    Classifier(classes=1000, hidden=1280, dropout=0.2),
)

TABLE_2: tuple[Row, ...] = (
    ConvBNAct(out_channels=16, stride=2, activation=HS),
    _bneck(3, 0, 16, 8, RE, 2),
    _bneck(3, 72, 24, 0, RE, 2),
    _bneck(3, 88, 24, 0, RE, 1),
    _bneck(5, 96, 40, 24, HS, 2),
    _bneck(5, 240, 40, 64, HS, 1),
    _bneck(5, 240, 40, 64, HS, 1),
    _bneck(5, 120, 48, 32, HS, 1),
    _bneck(5, 144, 48, 40, HS, 1),
    _bneck(5, 288, 96, 72, HS, 2),
    _bneck(5, 576, 96, 144, HS, 1),
    _bneck(5, 576, 96, 144, HS, 1),
    # The paper's table marks squeeze-and-excitation here; the released network has none.
    ConvBNAct(out_channels=576, kernel=1, activation=HS),
    Classifier(classes=1000, hidden=1024, dropout=0.2),
)

# The published parameters hold only when Large keeps its hidden 1280 at every width and Small grows its 1024 above 1.
LARGE = Architecture(
    name="mobilenet_v3_large",
    family="mobilenet_v3",
    rows=TABLE_1,
    norm=BatchNorm(eps=1e-3),
    widths=WidthRule(divisor=8, head="fixed"),
)
SMALL = replace(LARGE, name="mobilenet_v3_small", rows=TABLE_2, widths=WidthRule(divisor=8, head="grow"))


def mobilenet_v3_large(width: float = 1.0) -> Architecture:
    """Table 1 times `width`, with slim's rule: an expansion keeps its ratio to the scaled input."""
    return LARGE.scaled(width)


def mobilenet_v3_small(width: float = 1.0) -> Architecture:
    """Table 2 times `width`."""
    return SMALL.scaled(width)


def _minimalistic(row: Row) -> Row:
    if isinstance(row, InvertedResidual):
        return replace(row, kernel=3, squeeze=0, activation=RE)
    if isinstance(row, ConvBNAct | Classifier):
        return replace(row, activation=RE)
    return row


def minimalistic(base: Architecture) -> Architecture:
    """The released "minimalistic" form: 3×3 kernels, ReLU, no squeeze-and-excitation, the same widths."""
    return replace(base, name=f"{base.name}_minimalistic", rows=tuple(map(_minimalistic, base.rows)))
