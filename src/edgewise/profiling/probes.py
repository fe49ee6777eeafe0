"""Probes are architectures: rows that ask one question of a device. One set serves every runtime and precision, because
whatever can build and time a network can build and time these."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.blocks import Classifier, ConvBNAct, Row
from edgewise.papers import Architecture

POINTWISE_MAPS = {14: 256, 7: 512}
"""Sides of the maps that pointwise convolutions are swept on, and the width they lead to and from there: those of the
middle and the end of a mobile network for images of 224 × 224 pixels."""

DEPTHWISE_MAP = 28
"""The side of the map that depthwise convolutions are swept on; on smaller ones they are mostly overhead."""

_END = (Classifier(classes=10),)
_PAIRS, _DEPTH = 3, 8


def peak_probes() -> tuple[Architecture, ...]:
    """Networks that are nothing but arithmetic: wide convolutions on maps that stay in a cache. Which of them a kernel
    likes best differs by device and precision."""
    return (
        _chain("1x1_512_at_14", 512, 14, kernel=1, depth=4),
        _chain("1x1_256_at_28", 256, 28, kernel=1, depth=4),
        _chain("3x3_64_at_56", 64, 56, kernel=3, depth=2),
        _chain("3x3_128_at_28", 128, 28, kernel=3, depth=2),
        _chain("3x3_256_at_14", 256, 14, kernel=3, depth=2),
    )


def tiny_ops(number: int) -> Architecture:
    """`number` 1×1 convolutions of 16 channels on a map of 2 × 2: 1,024 multiply-adds each, which take nanoseconds."""
    return _chain(f"{number}_tiny", 16, 2, kernel=1, depth=number)


def pointwise(width: int, side: int) -> Architecture:
    """1×1 convolutions from a wide layer to `width` channels and back, three times, as in the middle of a network: a
    width that another layout would suit pays for the change at both ends. Time is linear in `width`."""
    wide = POINTWISE_MAPS[side]
    rows = (ConvBNAct(out_channels=width, kernel=1), ConvBNAct(out_channels=wide, kernel=1)) * _PAIRS
    return _probe(f"pointwise_{width}_at_{side}", rows, wide, side)


def depthwise(width: int, side: int) -> Architecture:
    """3×3 depthwise convolutions of `width` channels, eight in a row. Time is linear in `width`."""
    rows = (ConvBNAct(out_channels=width, kernel=3, groups=width),) * _DEPTH
    return _probe(f"depthwise_{width}_at_{side}", rows, width, side)


def _chain(name: str, channels: int, side: int, *, kernel: int, depth: int) -> Architecture:
    return _probe(name, (ConvBNAct(out_channels=channels, kernel=kernel),) * depth, channels, side)


def _probe(name: str, rows: Sequence[Row], channels: int, side: int) -> Architecture:
    """The rows, and the mean over the map behind them: an output small enough to cost nothing."""
    return Architecture(name=name, rows=(*rows, *_END), input=(channels, side, side))
