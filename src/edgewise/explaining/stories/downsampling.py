"""What halving the map early saves, for ordinary and for separable convolutions: the cost of a layer at each size of
the map when the width doubles with every halving, and where FD-MobileNet has its rows."""

from __future__ import annotations

from edgewise.costs import cost_table
from edgewise.explaining.plot import Curve, plot
from edgewise.papers import find

NETWORKS = ("mobilenet_v1", "fd_mobilenet")
SIDES = (112, 56, 28, 14, 7)


def by_side(name: str) -> dict[int, int]:
    """The multiply-adds of a network's rows by the side of the map that they give."""
    architecture = find(name)
    found: dict[int, int] = dict.fromkeys(SIDES, 0)
    for line, shape in zip(cost_table(architecture), architecture.shapes, strict=True):
        if len(shape) == 3 and shape[1] in found:
            found[shape[1]] += line.multiply_adds
    return found


def figure() -> str:
    curves = [
        Curve(name, [(place, made / 1e6) for place, made in enumerate(by_side(name).values())]) for name in NETWORKS
    ]
    return plot(
        curves,
        summary="Multiply-adds by the size of the map: FD-MobileNet has hardly any before 14×14.",
        x_label="halvings after the first: maps of 112, 56, 28, 14 and 7 pixels",
        y_label="multiply-adds, M",
    )
