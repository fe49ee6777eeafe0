"""Networks around MobileNetV3-Large (Howard et al., 2019, Table 1): its stages, with every stage's blocks to choose."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, Row, WidthRule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers import Architecture
from edgewise.searching.space import Choice, Option, Space, stage_layers

_STAGES: tuple[tuple[int, int, int, ActivationKind], ...] = (
    (24, 2, 2, "relu"),
    (40, 3, 2, "relu"),
    (80, 4, 2, "hard_swish"),
    (112, 2, 1, "hard_swish"),
    (160, 3, 2, "hard_swish"),
)
"""Width, blocks, stride and activation."""

_RULE = WidthRule(divisor=8)


def _build(chosen: Mapping[str, Option]) -> Architecture:
    rows: list[Row] = [
        ConvBNAct(out_channels=16, stride=2, activation="hard_swish"),
        InvertedResidual(out_channels=16, activation="relu"),
    ]
    entering = 16
    for number, (width, blocks, stride, activation) in enumerate(_STAGES, 1):
        out = _RULE.round(width * float(chosen[f"filters{number}"]))
        for block in range(_depth(chosen, number, blocks)):
            expanded = int(chosen[f"expansion{number}"]) * entering
            rows.append(
                InvertedResidual(
                    expanded=expanded,
                    out_channels=out,
                    kernel=int(chosen[f"kernel{number}"]),
                    stride=1 if block else stride,
                    squeeze=_RULE.round(0.25 * expanded) if chosen[f"squeeze{number}"] else 0,
                    activation=activation,
                )
            )
            entering = out
    rows += [
        ConvBNAct(out_channels=6 * entering, kernel=1, activation="hard_swish"),
        Classifier(classes=1000, hidden=1280, dropout=0.2),
    ]
    widths = WidthRule(divisor=8, head="fixed")
    return Architecture("mobilenet_v3_space", tuple(rows), norm=BatchNorm(eps=1e-3), widths=widths)


def _depth(chosen: Mapping[str, Option], number: int, blocks: int) -> int:
    return max(1, blocks + int(chosen[f"layers{number}"]))


def _layers(chosen: Mapping[str, Option]) -> tuple[str, ...]:
    depths = [_depth(chosen, number, blocks) for number, (_, blocks, _, _) in enumerate(_STAGES, 1)]
    return ("stem", "first", *stage_layers(depths), "last", "classes")


MOBILENET_V3 = Space(
    "mobilenet_v3",
    tuple(
        choice
        for number in range(1, len(_STAGES) + 1)
        for choice in (
            Choice(f"expansion{number}", (3, 4, 6)),
            Choice(f"kernel{number}", (3, 5)),
            Choice(f"squeeze{number}", (False, True)),
            Choice(f"filters{number}", (0.75, 1.0, 1.25)),
            Choice(f"layers{number}", (-1, 0, 1)),
        )
    ),
    _build,
    _layers,
)
"""The paper searched in MnasNet's space; this is the part of it that the networks it found lie in, with their
activations and their gates of a quarter of what is expanded."""
