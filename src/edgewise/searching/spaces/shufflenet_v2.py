"""Networks around ShuffleNet V2 (Ma et al., 2018, Table 5): widths, units, kernels and gates of every stage."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row, ShuffleDownUnitV2, ShuffleUnitV2, WidthRule
from edgewise.papers import Architecture
from edgewise.searching.space import Choice, Option, Space, stage_layers

_STAGES = ((116, 4), (232, 8), (464, 4))
"""Width and units at width 1."""

_RULE = WidthRule(divisor=8)


def _build(chosen: Mapping[str, Option]) -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=24, stride=2), MaxPool()]
    for number, (width, units) in enumerate(_STAGES, 1):
        # Halves pass and halves are filtered: half a width is what has to suit the device.
        half = _RULE.round(width * float(chosen[f"filters{number}"]) / 2)
        kernel = int(chosen[f"kernel{number}"])
        squeeze = half if chosen[f"squeeze{number}"] else 0
        rows.append(
            ShuffleDownUnitV2(out_channels=2 * half, projected=half, inner=half, kernel=kernel, squeeze=squeeze)
        )
        unit = ShuffleUnitV2(out_channels=2 * half, passed=half, inner=half, kernel=kernel, squeeze=squeeze)
        rows += [unit] * (_depth(chosen, number, units) - 1)
    rows += [ConvBNAct(out_channels=int(chosen["last"]), kernel=1, head=True), Classifier(classes=1000)]
    return Architecture("shufflenet_v2_space", tuple(rows), widths=WidthRule(divisor=2, minimum=8, head="grow"))


def _depth(chosen: Mapping[str, Option], number: int, units: int) -> int:
    return units + int(chosen[f"units{number}"])


def _layers(chosen: Mapping[str, Option]) -> tuple[str, ...]:
    depths = [_depth(chosen, number, units) for number, (_, units) in enumerate(_STAGES, 1)]
    return ("stem", "pool", *stage_layers(depths), "last", "classes")


SHUFFLENET_V2 = Space(
    "shufflenet_v2",
    (
        *(
            choice
            for number in range(1, len(_STAGES) + 1)
            for choice in (
                Choice(f"filters{number}", (0.5, 0.75, 1.0, 1.25, 1.5)),
                Choice(f"units{number}", (-2, -1, 0, 1, 2)),
                Choice(f"kernel{number}", (3, 5)),
                Choice(f"squeeze{number}", (False, True)),
            )
        ),
        Choice("last", (512, 768, 1024)),
    ),
    _build,
    _layers,
    {
        "last": 1024,
        **{
            f"{choice}{number}": option
            for number in range(1, len(_STAGES) + 1)
            for choice, option in (("filters", 1.0), ("units", 0), ("kernel", 3), ("squeeze", False))
        },
    },
)
