"""MnasNet: Platform-Aware Neural Architecture Search for Mobile (Tan et al., 2018)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.graph.ops import BatchNorm
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import AtWidth, Family, at_widths

Line = tuple[int, int, int, int, int, bool]
"""Times, kernel, stride of the first, expansion factor, width, and whether squeeze-and-excitation is there."""

A1: tuple[Line, ...] = (
    (2, 3, 2, 6, 24, False),
    (3, 5, 2, 3, 40, True),
    (4, 3, 2, 6, 80, False),
    (2, 3, 1, 6, 112, True),
    (3, 5, 2, 6, 160, True),
    (1, 3, 1, 6, 320, False),
)
"""Figure 7."""

B1: tuple[Line, ...] = (
    (3, 3, 2, 3, 24, False),
    (3, 5, 2, 3, 40, False),
    (3, 5, 2, 6, 80, False),
    (2, 3, 1, 6, 96, False),
    (4, 5, 2, 6, 192, False),
    (1, 3, 1, 6, 320, False),
)
"""Found without squeeze-and-excitation in the space (Table 2)."""

SMALL: tuple[Line, ...] = (
    (1, 3, 2, 3, 16, False),
    (2, 3, 2, 6, 16, False),
    (4, 5, 2, 6, 32, True),
    (3, 3, 1, 6, 32, True),
    (3, 5, 2, 6, 88, True),
    (1, 3, 1, 6, 144, False),
)
"""Found for a quarter of the latency (Table 4: MnasNet-search2)."""


def _blocks(lines: tuple[Line, ...], entering: int) -> list[Row]:
    blocks: list[Row] = []
    for times, kernel, stride, expansion, out, gated in lines:
        for number in range(times):
            blocks.append(
                InvertedResidual(
                    expanded=expansion * entering,
                    out_channels=out,
                    kernel=kernel,
                    stride=1 if number else stride,
                    # A quarter of the block's input, not of the expanded width (the authors' release).
                    squeeze=max(1, entering // 4) if gated else 0,
                    gate="sigmoid",
                    activation="relu",
                )
            )
            entering = out
    return blocks


def _network(name: str, stem: int, first: int, lines: tuple[Line, ...], dropout: float) -> Architecture:
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=stem, stride=2),
        InvertedResidual(out_channels=first, activation="relu"),
        *_blocks(lines, first),
        ConvBNAct(out_channels=1280, kernel=1, head=True),
        Classifier(classes=1000, dropout=dropout),
    )
    return Architecture(
        name=name,
        family="mnasnet",
        rows=rows,
        norm=BatchNorm(eps=1e-3),
        widths=WidthRule(divisor=8, head="fixed", squeeze_from="input"),
    )


def mnasnet_a1(width: float = 1.0) -> Architecture:
    """Figure 7: the network found in the full space; the last convolution keeps its 1280 channels at every width."""
    return _network("mnasnet_a1", 32, 16, A1, 0.2).scaled(width)


def mnasnet_b1(width: float = 1.0) -> Architecture:
    """The network found without squeeze-and-excitation; torchvision's `mnasnet1_0`."""
    return _network("mnasnet_b1", 32, 16, B1, 0.2).scaled(width)


def mnasnet_small(width: float = 1.0) -> Architecture:
    """The network found for small models.

    Its first block has a shortcut, as in timm's, whose weights exist; the authors' release declares 16 channels for
    the 8 that enter it, and so has none there.
    """
    return _network("mnasnet_small", 8, 8, SMALL, 0.0).scaled(width)


SCALABLE: dict[str, AtWidth] = {
    "mnasnet_a1": mnasnet_a1,
    "mnasnet_b1": mnasnet_b1,
    "mnasnet_small": mnasnet_small,
}

FAMILY = Family(
    "mnasnet",
    "Tan et al., MnasNet, 2018",
    at_widths("mnasnet_a1", mnasnet_a1, 1.4, 1, 0.75, 0.5, 0.35)
    | at_widths("mnasnet_b1", mnasnet_b1, 1.3, 1, 0.75, 0.5)
    | {"mnasnet_small": partial(mnasnet_small)},
    SCALABLE,
)
