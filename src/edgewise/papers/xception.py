"""Xception: Deep Learning with Depthwise Separable Convolutions (Chollet, 2016)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import Classifier, ConvBNAct, Row, XceptionModule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family


def xception(*, between: ActivationKind | None = None, residual: bool = True) -> Architecture:
    """Figure 5, at 299 pixels, with the logistic regression alone on top.

    `between` is the activation inside separable convolutions that Figure 10 asks about (none is best), without
    `residual` it is the network of Figure 9.
    """

    def module(*widths: int, stride: int = 1, leading: ActivationKind | None = "relu") -> XceptionModule:
        return XceptionModule(widths=widths, stride=stride, leading=leading, between=between, residual=residual)

    last = XceptionModule(widths=(1536, 2048), leading=None, between=between, trailing="relu", residual=False)
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=32, stride=2, padding="valid"),
        ConvBNAct(out_channels=64, padding="valid"),
        module(128, 128, stride=2, leading=None),  # the convolution before ends in a ReLU already
        module(256, 256, stride=2),
        module(728, 728, stride=2),
        *(module(728, 728, 728),) * 8,
        module(728, 1024, stride=2),
        last,
        Classifier(classes=1000, dropout=0.5),
    )
    return Architecture(
        name="xception" + (f"_{between}" if between else "") + ("" if residual else "_plain"),
        family="xception",
        rows=rows,
        input=(3, 299, 299),
        norm=BatchNorm(eps=1e-3),
    )


FAMILY = Family(
    "xception",
    "Chollet, Xception, 2016",
    {
        "xception": xception,
        "xception_relu": partial(xception, between="relu"),
        "xception_elu": partial(xception, between="elu"),
        "xception_plain": partial(xception, residual=False),
    },
)
