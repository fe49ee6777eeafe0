"""What splitting a convolution in two saves: 1/M + 1/K² of it is left (MobileNets, section 3.1)."""

from __future__ import annotations

from edgewise.blocks import ConvBNAct, DepthwiseSeparable
from edgewise.costs import count
from edgewise.explaining.plot import Curve, plot
from edgewise.papers import Architecture

KERNELS = (3, 5, 7)
WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
_SIDE = 14


def left(kernel: int, width: int) -> float:
    """The multiply-adds of a separable convolution from `width` to `width` channels as a share of the ordinary one's,
    counted from their rows."""
    whole, split = (
        count(Architecture("one", (row,), input=(width, _SIDE, _SIDE))).multiply_adds
        for row in (
            ConvBNAct(out_channels=width, kernel=kernel),
            DepthwiseSeparable(out_channels=width, kernel=kernel),
        )
    )
    return split / whole


def figure() -> str:
    curves = [Curve(f"{k}×{k}", [(width, 100 * left(k, width)) for width in WIDTHS]) for k in KERNELS]
    return plot(
        curves,
        summary="Depthwise separable convolutions: their multiply-adds as a share of ordinary ones', by width.",
        x_label="channels",
        y_label="multiply-adds left, %",
        logarithmic=True,
    )
