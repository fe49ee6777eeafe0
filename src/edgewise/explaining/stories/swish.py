"""Swish, and the form of it that is made of pieces (MobileNetV3, section 5.2): how far apart they are, in floating
point and in eight bits."""

from __future__ import annotations

import numpy as np

from edgewise.explaining.plot import Curve, plot

_X = np.linspace(-6.0, 6.0, 241)
LEVELS = 256


def swish(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def hard_swish(x: np.ndarray) -> np.ndarray:
    return x * np.clip(x + 3, 0, 6) / 6


def quantised(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """`values` on the grid of eight bits between `low` and `high`."""
    scale = (high - low) / (LEVELS - 1)
    return np.clip(np.round((values - low) / scale), 0, LEVELS - 1) * scale + low


def in_eight_bits(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Swish and h-swish as integer arithmetic has them: what enters is on a grid; swish takes its sigmoid from a grid
    between 0 and 1 and multiplies, h-swish clips and multiplies; what leaves is on a grid."""
    given = quantised(x, -6.0, 6.0)
    sigmoid = quantised(1 / (1 + np.exp(-given)), 0.0, 1.0)
    gate = np.clip(given + 3, 0, 6) / 6
    return quantised(given * sigmoid, -0.5, 6.0), quantised(given * gate, -0.5, 6.0)


def figure() -> str:
    eight = in_eight_bits(_X)
    curves = [
        Curve("swish", list(zip(_X.tolist(), swish(_X).tolist(), strict=True))),
        Curve("h-swish", list(zip(_X.tolist(), hard_swish(_X).tolist(), strict=True))),
        Curve("error of swish, int8", list(zip(_X.tolist(), (eight[0] - swish(_X)).tolist(), strict=True))),
        Curve("error of h-swish, int8", list(zip(_X.tolist(), (eight[1] - hard_swish(_X)).tolist(), strict=True))),
    ]
    return plot(
        curves,
        summary="Swish and h-swish, and how far each is off in eight bits.",
        x_label="x",
        y_label="value",
    )
