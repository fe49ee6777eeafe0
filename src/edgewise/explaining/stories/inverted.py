"""What a narrow linear middle saves: two pointwise convolutions through it cost 2/t of one between the wide ends
(MobileNetV2, section 3: t is the expansion)."""

from __future__ import annotations

from edgewise.blocks import ConvBNAct
from edgewise.costs import count
from edgewise.explaining.plot import Curve, plot
from edgewise.papers import Architecture

EXPANSIONS = (1, 2, 3, 4, 5, 6, 8, 10)
_NARROW, _SIDE = 24, 14


def left(expansion: int) -> float:
    """Projecting to a narrow middle and expanding again, as a share of the direct convolution."""
    wide = expansion * _NARROW
    direct = (ConvBNAct(out_channels=wide, kernel=1),)
    through = (ConvBNAct(out_channels=_NARROW, kernel=1, activation=None), *direct)
    whole, narrow = (
        count(Architecture("one", rows, input=(wide, _SIDE, _SIDE))).multiply_adds for rows in (direct, through)
    )
    return narrow / whole


def figure() -> str:
    return plot(
        [Curve("counted", [(t, left(t)) for t in EXPANSIONS]), Curve("2/t", [(t, 2 / t) for t in EXPANSIONS])],
        summary="Two pointwise convolutions through a bottleneck, as a share of one between the wide ends: 2/t.",
        x_label="expansion t",
        y_label="multiply-adds of the direct convolution",
        y_range=(0.0, float("inf")),
    )
