"""Searching for MobileNetV3 (Howard et al., 2019; arXiv v5)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family, at_widths

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
    return _with_activation(row, RE)


def _with_activation(row: Row, activation: ActivationKind) -> Row:
    if isinstance(row, ConvBNAct | InvertedResidual | Classifier):
        return replace(row, activation=activation)
    return row


def minimalistic(base: Architecture) -> Architecture:
    """The released "minimalistic" form: 3×3 kernels, ReLU, no squeeze-and-excitation, the same widths."""
    return replace(base, name=f"{base.name}_minimalistic", rows=tuple(map(_minimalistic, base.rows)))


def with_hard_swish_from(base: Architecture, channels: int) -> Architecture:
    """Table 5's "h-swish @N": the blocks of at least `channels` channels have h-swish, those before them ReLU.

    The networks themselves are @80 (Large) and @40 (Small). The stem and what follows the blocks keep theirs.
    """
    rows = tuple(
        replace(row, activation=HS if row.out_channels >= channels else RE)
        if isinstance(row, InvertedResidual)
        else row
        for row in base.rows
    )
    return replace(base, name=f"{base.name}_hswish{channels}", rows=rows)


def without_hard_swish(base: Architecture) -> Architecture:
    """Table 5's "ReLU": no h-swish anywhere."""
    return replace(base, name=f"{base.name}_relu", rows=tuple(_with_activation(row, RE) for row in base.rows))


def with_stem(base: Architecture, channels: int = 32, activation: ActivationKind = RE) -> Architecture:
    """The stem before its redesign: 32 filters, with which ReLU is as good as h-swish is with 16 (section 5.1)."""
    stem = replace(base.rows[0], out_channels=channels, activation=activation)  # type: ignore[call-arg]
    return replace(base, name=f"{base.name}_stem{channels}", rows=(stem, *base.rows[1:]))


def with_original_last_stage(base: Architecture) -> Architecture:
    """The last stage before its redesign (Figure 5, top): it projects to 320 channels and expands to 1280 again, all
    on the last map, where the efficient one takes the mean over the map first."""
    *blocks, last, _ = base.rows
    assert isinstance(last, ConvBNAct)
    rows = (
        *blocks,
        InvertedResidual(expanded=last.out_channels, out_channels=320, activation=HS),
        ConvBNAct(out_channels=1280, kernel=1, activation=HS, head=True),
        Classifier(classes=1000, dropout=0.2),
    )
    return replace(base, name=f"{base.name}_original_last_stage", rows=rows)


FAMILY = Family(
    "mobilenet_v3",
    "Howard et al., Searching for MobileNetV3, 2019",
    at_widths("mobilenet_v3_large", mobilenet_v3_large, 1.25, 1, 0.75, 0.5, 0.35)
    | at_widths("mobilenet_v3_small", mobilenet_v3_small, 1.25, 1, 0.75, 0.5, 0.35)
    | {
        "mobilenet_v3_large_minimalistic": partial(minimalistic, LARGE),
        "mobilenet_v3_small_minimalistic": partial(minimalistic, SMALL),
        "mobilenet_v3_large_hswish16": partial(with_hard_swish_from, LARGE, 16),
        "mobilenet_v3_large_hswish112": partial(with_hard_swish_from, LARGE, 112),
        "mobilenet_v3_large_relu": partial(without_hard_swish, LARGE),
        "mobilenet_v3_large_stem32": partial(with_stem, LARGE),
        "mobilenet_v3_large_original_last_stage": partial(with_original_last_stage, LARGE),
    },
    {"mobilenet_v3_large": mobilenet_v3_large, "mobilenet_v3_small": mobilenet_v3_small},
)
