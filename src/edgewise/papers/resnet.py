"""Deep Residual Learning for Image Recognition (He et al., 2015)."""

from __future__ import annotations

from typing import Literal

from edgewise.blocks import BasicBlock, Bottleneck, Classifier, ConvBNAct, MaxPool, Row, WidthRule
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture

StrideIn = Literal["reduce", "spatial"]

UNITS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""Table 1: blocks in conv2_x to conv5_x, by depth."""

WIDTHS = (64, 128, 256, 512)


def _block(depth: int, width: int, stride: int, stride_in: StrideIn) -> Row:
    if depth < 50:
        return BasicBlock(inner=width, out_channels=width, stride=stride)
    return Bottleneck(inner=width, out_channels=4 * width, stride=stride, stride_in=stride_in)


def resnet(depth: int, *, width: float = 1.0, stride_in: StrideIn = "reduce") -> Architecture:
    """Table 1 with projection shortcuts where the shape changes (option B).

    `stride_in="spatial"` is the form of torchvision and later papers ("v1.5"), with the stride in the 3×3. The paper
    has no width multiplier; `width` rounds to multiples of 8.
    """
    if depth not in UNITS:
        raise EdgewiseError(f"there is no ResNet-{depth}; the paper has {', '.join(map(str, UNITS))}")
    blocks: list[Row] = []
    for stage, (channels, units) in enumerate(zip(WIDTHS, UNITS[depth], strict=True)):
        strides = (2 if stage else 1, *(1,) * (units - 1))
        blocks += [_block(depth, channels, stride, stride_in) for stride in strides]
    base = Architecture(
        name=f"resnet{depth}" + ("_v1_5" if stride_in == "spatial" and depth >= 50 else ""),
        family="resnet",
        rows=(
            ConvBNAct(out_channels=64, kernel=7, stride=2),
            MaxPool(),
            *blocks,
            Classifier(classes=1000),
        ),
        widths=WidthRule(divisor=8),
    )
    return base.scaled(width)
