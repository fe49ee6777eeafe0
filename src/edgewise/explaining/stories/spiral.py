"""Why a bottleneck is linear: a spiral taken into m dimensions, through ReLU, and back (MobileNetV2, Figure 1)."""

from __future__ import annotations

import numpy as np

from edgewise.explaining.chart import label
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.sheet import sheet

DIMENSIONS = (2, 3, 5, 15, 30)
_SIDE, _GAP = 150.0, 12.0


def spiral(points: int = 400) -> np.ndarray:
    """`(points, 2)`, two turns out to a radius of one."""
    turn = np.linspace(0.0, 1.0, points)
    return np.stack([turn * np.cos(4 * np.pi * turn), turn * np.sin(4 * np.pi * turn)], 1)


def through_relu(points: np.ndarray, dimensions: int, seed: int = 0) -> np.ndarray:
    """The points taken into `dimensions` by a random matrix, through ReLU, and back by its pseudo-inverse."""
    matrix = np.random.default_rng(seed).standard_normal((2, dimensions))
    return np.maximum(points @ matrix, 0) @ np.linalg.pinv(matrix)


def lost(dimensions: int, seeds: int = 100) -> float:
    """The share of the spiral's variance that no linear map gets back from what ReLU has left in so many dimensions, in
    the mean of many random matrices."""
    points = spiral()
    whole = np.square(points - points.mean(0)).sum()
    shares: list[float] = []
    for seed in range(seeds):
        matrix = np.random.default_rng(seed).standard_normal((2, dimensions))
        left = np.concatenate([np.maximum(points @ matrix, 0), np.ones((len(points), 1))], 1)
        read, *_ = np.linalg.lstsq(left, points, rcond=None)
        shares.append(float(np.square(left @ read - points).sum() / whole))
    return float(np.mean(shares))


def figure() -> str:
    shown = [("the spiral", spiral()), *((f"m = {m}", through_relu(spiral(), m)) for m in DIMENSIONS)]
    parts: list[Markup] = []
    for place, (name, points) in enumerate(shown):
        left = place * (_SIDE + _GAP) + _GAP
        reach = np.abs(points).max()
        ways = (points / reach * 0.46 + 0.5) * _SIDE
        drawn = " ".join(f"{left + x:.1f},{30 + y:.1f}" for x, y in ways)
        parts.append(tag("g", {"class": "line hue0"}, tag("polyline", {"points": drawn})))
        parts.append(label(left + _SIDE / 2, 18, name, css="heading", anchor="middle"))
    width, height = len(shown) * (_SIDE + _GAP) + _GAP, _SIDE + 44
    return sheet(
        width,
        height,
        "A spiral through ReLU in few and in many dimensions: in few it collapses, in many it survives.",
        *parts,
    )
