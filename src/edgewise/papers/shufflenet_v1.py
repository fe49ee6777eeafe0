"""ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices (Zhang et al., 2017)."""

from __future__ import annotations

from functools import partial
from math import ceil, gcd

from edgewise.blocks import Classifier, ConvBNAct, MaxPool, Row, ShuffleUnitV1, WidthRule
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Build, Family, scaled_name

TABLE_1: dict[int, int] = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
"""Width of stage 2 by the number of groups; stages 3 and 4 have two and four times as many channels."""

UNITS = (4, 8, 4)

STEMS: dict[float, int] = {0.25: 12, 0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}
"""The paper does not print the stem of the other scales; these give its multiply-adds."""

SCALES = tuple(STEMS)


def shufflenet_v1(
    groups: int = 3, scale: float = 1.0, *, shuffle: bool = True, stem: int | None = None
) -> Architecture:
    """Table 1 for `groups`, the stages' widths times `scale` (Table 2's s×); without `shuffle` Table 3's ablation.

    Scaled widths that the groups do not divide are rounded up to the next that they do; the paper does not say how.
    Where they do not divide what the very first unit adds to the stem, its last 1×1 has as many groups as do (8 groups
    on a stem of 12). Scales between the table's are its 1.0 with every width rounded to a multiple of four times the
    groups. `stem` is the width of the first convolution where it is not the one of `STEMS`.
    """
    if groups not in TABLE_1:
        raise EdgewiseError(
            f"there is no ShuffleNet with {groups} groups; the paper has {', '.join(map(str, TABLE_1))}"
        )
    if scale not in STEMS:
        return shufflenet_v1(groups, shuffle=shuffle).scaled(scale)
    entering = stem or STEMS[scale]
    rows: list[Row] = [ConvBNAct(out_channels=entering, stride=2), MaxPool()]
    for stage, units in enumerate(UNITS):
        width = TABLE_1[groups] * 2**stage * scale
        inner = _multiple(width / 4, groups)
        out = _multiple(width, groups)
        rows += [
            ShuffleUnitV1(
                out_channels=out,
                inner=inner,
                groups=groups,
                first_groups=1 if stage == unit == 0 else groups,
                last_groups=groups if unit else gcd(out - entering, groups),
                stride=1 if unit else 2,
                concatenated=unit == 0,
                shuffle=shuffle,
            )
            for unit in range(units)
        ]
        entering = out
    return Architecture(
        name=scaled_name(f"shufflenet_v1_g{groups}", scale) + ("" if shuffle else "_no_shuffle"),
        family="shufflenet_v1",
        rows=(*rows, Classifier(classes=1000)),
        widths=WidthRule(divisor=4 * groups, minimum=4 * groups),
    )


def _multiple(width: float, of: int) -> int:
    return ceil(width / of) * of


def _variants() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for groups in TABLE_1:
        for scale in SCALES:
            made[scaled_name(f"shufflenet_v1_g{groups}", scale)] = partial(shufflenet_v1, groups, scale)
    for groups in (3, 8):
        for scale in (1.0, 0.5, 0.25):
            name = scaled_name(f"shufflenet_v1_g{groups}", scale) + "_no_shuffle"
            made[name] = partial(shufflenet_v1, groups, scale, shuffle=False)
    return made


FAMILY = Family(
    "shufflenet_v1",
    "Zhang et al., ShuffleNet, 2017",
    _variants(),
    {"shufflenet_v1_g3": partial(shufflenet_v1, 3)},
)
