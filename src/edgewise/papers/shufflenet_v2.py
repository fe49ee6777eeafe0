"""ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018)."""

from __future__ import annotations

from typing import Literal

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row, ShuffleDownUnitV2, ShuffleUnitV2, WidthRule
from edgewise.papers.architecture import Architecture

Down = Literal["authors", "torchvision"]

TABLE_5: dict[float, tuple[int, int, int, int]] = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
"""Widths of stages 2, 3, 4 and of the last 1×1 convolution."""


def _stage(entering: int, width: int, units: int, *, down: Down, stride: int = 2) -> tuple[Row, ...]:
    half = width // 2
    projected = entering if down == "authors" else half
    return (
        ShuffleDownUnitV2(out_channels=width, projected=projected, inner=half, stride=stride),
        *(ShuffleUnitV2(out_channels=width, passed=half, inner=half),) * (units - 1),
    )


def shufflenet_v2(width: float = 1.0, *, down: Down = "authors") -> Architecture:
    """Table 5. `down` chooses the downsampling unit: the authors' (the paper's multiply-adds) or torchvision's halves.

    Widths between the table's are its 1.0 scaled to even numbers.
    """
    if width not in TABLE_5:
        return shufflenet_v2(down=down).scaled(width)
    second, third, fourth, last = TABLE_5[width]
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=24, stride=2),
        MaxPool(),
        *_stage(24, second, 4, down=down),
        *_stage(second, third, 8, down=down),
        *_stage(third, fourth, 4, down=down),
        ConvBNAct(out_channels=last, kernel=1, head=True),
        Classifier(classes=1000, dropout=0.2 if width == 2 and down == "authors" else 0.0),
    )
    suffix = "" if width == 1 else f"_{width:g}"
    return Architecture(
        name=f"shufflenet_v2{suffix}" + ("" if down == "authors" else "_torchvision"),
        family="shufflenet_v2",
        rows=rows,
        widths=WidthRule(divisor=2, minimum=8, head="grow"),
    )


def shufflenet_v2_50() -> Architecture:
    """The counterpart of ResNet-50 (section 3, Table 7 in the appendix): 3, 4, 6 and 3 units after a 3×3 stem."""
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=64, stride=2),
        MaxPool(),
        *_stage(64, 244, 3, down="authors", stride=1),
        *_stage(244, 488, 4, down="authors"),
        *_stage(488, 976, 6, down="authors"),
        *_stage(976, 1952, 3, down="authors"),
        ConvBNAct(out_channels=2048, kernel=1, head=True),
        Classifier(classes=1000),
    )
    return Architecture(
        name="shufflenet_v2_50",
        family="shufflenet_v2",
        rows=rows,
        widths=WidthRule(divisor=2, minimum=8, head="grow"),
    )
