"""MnasNet's factorised hierarchical search space (Tan et al., 2018, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.blocks.mnas_layer import ConvOp, MnasLayer, SkipOp
from edgewise.graph.ops import BatchNorm
from edgewise.papers import Architecture
from edgewise.searching.space import Choice, Option, Space, stage_layers

_BLOCKS: tuple[tuple[int, int, int], ...] = ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
"""Width, layers and stride of MobileNetV2's blocks, around which it searches."""

_OPS: dict[str, tuple[ConvOp, int]] = {
    "conv": ("conv", 0),
    "sepconv": ("separable", 0),
    "mbconv3": ("inverted", 3),
    "mbconv6": ("inverted", 6),
}
_SKIPS: dict[str, SkipOp] = {"none": "none", "identity": "identity", "pool": "pool"}
_RULE = WidthRule(divisor=8)


def _build(chosen: Mapping[str, Option]) -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=32, stride=2), InvertedResidual(out_channels=16, activation="relu")]
    entering = 16
    for number, (width, layers, stride) in enumerate(_BLOCKS, 1):
        op, expansion = _OPS[str(chosen[f"op{number}"])]
        out = _RULE.round(width * float(chosen[f"filters{number}"]))
        for layer in range(_depth(chosen, number, layers)):
            # A share of what enters, as in the networks that were found.
            squeeze = int(float(chosen[f"squeeze{number}"]) * entering)
            rows.append(
                MnasLayer(
                    op=op,
                    out_channels=out,
                    expanded=expansion * entering,
                    kernel=int(chosen[f"kernel{number}"]),
                    stride=1 if layer else stride,
                    squeeze=squeeze,
                    skip=_SKIPS[str(chosen[f"skip{number}"])],
                )
            )
            entering = out
    rows += [ConvBNAct(out_channels=1280, kernel=1, head=True), Classifier(classes=1000, dropout=0.2)]
    return Architecture(
        "mnasnet_space",
        tuple(rows),
        norm=BatchNorm(eps=1e-3),
        widths=WidthRule(divisor=8, head="fixed", squeeze_from="input"),
    )


def _depth(chosen: Mapping[str, Option], number: int, layers: int) -> int:
    return max(1, layers + int(chosen[f"layers{number}"]))


def _layers(chosen: Mapping[str, Option]) -> tuple[str, ...]:
    depths = [_depth(chosen, number, layers) for number, (_, layers, _) in enumerate(_BLOCKS, 1)]
    return ("stem", "first", *stage_layers(depths), "last", "classes")


MNASNET = Space(
    "mnasnet",
    tuple(
        choice
        for number in range(1, len(_BLOCKS) + 1)
        for choice in (
            Choice(f"op{number}", tuple(_OPS)),
            Choice(f"kernel{number}", (3, 5)),
            Choice(f"squeeze{number}", (0.0, 0.25)),
            Choice(f"skip{number}", tuple(_SKIPS)),
            Choice(f"filters{number}", (0.75, 1.0, 1.25)),
            Choice(f"layers{number}", (-1, 0, 1)),
        )
    ),
    _build,
    _layers,
    {
        f"{choice}{number}": option
        for number in range(1, len(_BLOCKS) + 1)
        for choice, option in (
            ("op", "mbconv6"),
            ("kernel", 3),
            ("squeeze", 0.0),
            ("skip", "identity"),
            ("filters", 1.0),
            ("layers", 0),
        )
    },
)
"""Every layer of a block alike. The convolution may be any of the paper's three, the inverted residual widened by 3 or
6, as in the networks that were found: with it a block has the 432 forms that the paper speaks of."""
