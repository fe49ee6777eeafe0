"""ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design (Ma et al., 2018)."""

from __future__ import annotations

from functools import partial
from typing import Literal

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row, ShuffleDownUnitV2, ShuffleUnitV2, WidthRule
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Build, Family

Down = Literal["authors", "torchvision"]

TABLE_5: dict[float, tuple[int, int, int, int]] = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
"""Widths of stages 2, 3, 4 and of the last 1×1 convolution."""


def _stage(
    entering: int,
    width: int,
    units: int,
    *,
    down: Down = "authors",
    stride: int = 2,
    gated: bool = False,
    residual: bool = False,
) -> tuple[Row, ...]:
    half = width // 2
    squeeze = half if gated else 0
    projected = entering if down == "authors" else half
    return (
        ShuffleDownUnitV2(out_channels=width, projected=projected, inner=half, stride=stride, squeeze=squeeze),
        *(ShuffleUnitV2(out_channels=width, passed=half, inner=half, squeeze=squeeze, residual=residual),)
        * (units - 1),
    )


def _network(name: str, rows: tuple[Row, ...], *, last: int, dropout: float = 0.0) -> Architecture:
    return Architecture(
        name=name,
        family="shufflenet_v2",
        rows=(
            *rows,
            ConvBNAct(out_channels=last, kernel=1, head=True),
            Classifier(classes=1000, dropout=dropout),
        ),
        widths=WidthRule(divisor=2, minimum=8, head="grow"),
    )


def shufflenet_v2(width: float = 1.0, *, down: Down = "authors", gated: bool = False) -> Architecture:
    """Table 5. `down` chooses the downsampling unit: the authors' (the paper's multiply-adds) or torchvision's halves.

    `gated` adds squeeze-and-excitation by half to every unit (Table 8). Widths between the table's are its 1.0 scaled
    to even numbers.
    """
    if width not in TABLE_5:
        return shufflenet_v2(down=down, gated=gated).scaled(width)
    second, third, fourth, last = TABLE_5[width]
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=24, stride=2),
        MaxPool(),
        *_stage(24, second, 4, down=down, gated=gated),
        *_stage(second, third, 8, down=down, gated=gated),
        *_stage(third, fourth, 4, down=down, gated=gated),
    )
    name = "shufflenet_v2" if width == 1 else f"shufflenet_v2_{width:g}"
    name += ("" if down == "authors" else "_torchvision") + ("_se" if gated else "")
    return _network(name, rows, last=last, dropout=0.2 if width == 2 and down == "authors" else 0.0)


def shufflenet_v2_50() -> Architecture:
    """The counterpart of ResNet-50 (section 4, Table 6): 3, 4, 6 and 3 units after a 3×3 stem."""
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=64, stride=2),
        MaxPool(),
        *_stage(64, 244, 3, stride=1),
        *_stage(244, 488, 4),
        *_stage(488, 976, 6),
        *_stage(976, 1952, 3),
    )
    return _network("shufflenet_v2_50", rows, last=2048)


def shufflenet_v2_164() -> Architecture:
    """The deepest network of Table 6: a stem of three 3×3, residuals, squeeze-and-excitation by half."""
    rows: tuple[Row, ...] = (
        ConvBNAct(out_channels=64, stride=2),
        ConvBNAct(out_channels=64),
        ConvBNAct(out_channels=128),
        MaxPool(),
        *_stage(128, 340, 10, stride=1, gated=True, residual=True),
        *_stage(340, 680, 10, gated=True, residual=True),
        *_stage(680, 1360, 23, gated=True, residual=True),
        *_stage(1360, 2720, 10, gated=True, residual=True),
    )
    return _network("shufflenet_v2_164", rows, last=2048)


def _variants() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for width in TABLE_5:
        name = "shufflenet_v2" if width == 1 else f"shufflenet_v2_{width:g}"
        made[name] = partial(shufflenet_v2, width)
        made[f"{name}_torchvision"] = partial(shufflenet_v2, width, down="torchvision")
    made["shufflenet_v2_2_se"] = partial(shufflenet_v2, 2.0, gated=True)
    return made | {"shufflenet_v2_50": shufflenet_v2_50, "shufflenet_v2_164": shufflenet_v2_164}


FAMILY = Family(
    "shufflenet_v2",
    "Ma et al., ShuffleNet V2, 2018",
    _variants(),
    {"shufflenet_v2": shufflenet_v2},
)
