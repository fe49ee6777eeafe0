"""Who has heard of whom after n units: channel mixing as a matrix, shuffled and not (ShuffleNet, Figure 1)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgewise.blocks import ShuffleUnitV1
from edgewise.explaining.chart import label
from edgewise.explaining.connectivity import Connectivity
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.sheet import sheet

GROUPS, CHANNELS = 3, 18
UNITS = (1, 2, 3)
_CELL, _GAP = 9.0, 26.0

_UNIT = ShuffleUnitV1(out_channels=CHANNELS, inner=CHANNELS, groups=GROUPS, first_groups=GROUPS, last_groups=GROUPS)


def mixed(units: int, *, shuffle: bool) -> np.ndarray:
    """bool `(C, C)`: which input channels reach which outputs after so many units."""
    unit = replace(_UNIT, shuffle=shuffle)
    return Connectivity.of(*[unit] * units, image=(CHANNELS, 4, 4)).reach().channels


def figure() -> str:
    parts: list[Markup] = []
    side = CHANNELS * _CELL
    for row, shuffle in enumerate((True, False)):
        for column, units in enumerate(UNITS):
            left, top = _GAP + column * (side + _GAP), 30 + row * (side + 2 * _GAP)
            said = f"{units} unit{'s' if units > 1 else ''}, {'shuffled' if shuffle else 'not shuffled'}"
            parts.append(label(left, top - 8, said, css="heading"))
            frame = {"x": left, "y": top, "width": side, "height": side, "fill": "none", "class": "axis"}
            parts.append(tag("rect", frame))
            for output, given in np.argwhere(mixed(units, shuffle=shuffle)).tolist():
                cell = {"x": f"{left + given * _CELL:g}", "y": f"{top + output * _CELL:g}"}
                parts.append(tag("rect", {**cell, "width": _CELL - 1, "height": _CELL - 1, "class": "mark hue0"}))
    width, height = _GAP + len(UNITS) * (side + _GAP), 30 + 2 * (side + 2 * _GAP) - _GAP
    return sheet(
        width,
        height,
        "Which input channels (across) reach which outputs (down) after one, two and three units.",
        *parts,
    )
