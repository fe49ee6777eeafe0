"""Deep Residual Learning for Image Recognition (He et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from edgewise.blocks import BasicBlock, Bottleneck, Classifier, ConvBNAct, MaxPool, Row, WidthRule
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

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


def stages(depth: int, block: Callable[[int, int], Row]) -> list[Row]:
    """`block(stage, stride)` for every block of Table 1; the first of each stage but the first halves the map."""
    if depth not in UNITS:
        raise EdgewiseError(f"there is no ResNet-{depth}; the paper has {', '.join(map(str, UNITS))}")
    return [
        block(stage, 2 if stage and not unit else 1)
        for stage, units in enumerate(UNITS[depth])
        for unit in range(units)
    ]


def resnet(depth: int, *, width: float = 1.0, stride_in: StrideIn = "reduce") -> Architecture:
    """Table 1 with projection shortcuts where the shape changes (option B).

    `stride_in="spatial"` is the form of torchvision and later papers ("v1.5"), with the stride in the 3×3. The paper
    has no width multiplier; `width` rounds to multiples of 8.
    """

    def block(stage: int, stride: int) -> Row:
        inner = WIDTHS[stage]
        if depth < 50:
            return BasicBlock(inner=inner, out_channels=inner, stride=stride)
        return Bottleneck(inner=inner, out_channels=4 * inner, stride=stride, stride_in=stride_in)

    base = Architecture(
        name=f"resnet{depth}" + ("_v1_5" if stride_in == "spatial" and depth >= 50 else ""),
        family="resnet",
        rows=(
            ConvBNAct(out_channels=64, kernel=7, stride=2),
            MaxPool(),
            *stages(depth, block),
            Classifier(classes=1000),
        ),
        widths=WidthRule(divisor=8),
    )
    return base.scaled(width)


def _at_width(depth: int, width: float) -> Architecture:
    return resnet(depth, width=width)


FAMILY = Family(
    "resnet",
    "He et al., Deep Residual Learning for Image Recognition, 2015",
    {f"resnet{depth}": partial(resnet, depth) for depth in UNITS}
    | {f"resnet{depth}_v1_5": partial(resnet, depth, stride_in="spatial") for depth in (50, 101, 152)},
    {f"resnet{depth}": partial(_at_width, depth) for depth in (18, 34, 50)},
)
