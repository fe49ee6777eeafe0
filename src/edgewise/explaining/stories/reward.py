"""The reward of platform-aware search: what a point of accuracy is worth in latency (MnasNet, equation 2)."""

from __future__ import annotations

from edgewise.explaining.plot import Curve, plot

SOFT, HARD, SMALL = (-0.07, -0.07), (0.0, -1.0), (-0.15, -0.15)
"""Exponents below and above the target: MnasNet's two, and MobileNetV3-Small's."""

ACCURACY = 0.75
_SHARES = [0.5 + 0.02 * step for step in range(76)]


def reward(accuracy: float, share: float, exponents: tuple[float, float]) -> float:
    """`accuracy` times the latency as a share of the target to the power of α below it and β above."""
    below, above = exponents
    return accuracy * share ** (below if share <= 1 else above)


def accuracy_for(share: float, exponents: tuple[float, float]) -> float:
    """The accuracy with which a network at that latency is worth as much as one of `ACCURACY` at the target."""
    return ACCURACY / reward(1.0, share, exponents)


def figure() -> str:
    named = {"soft, α = β = −0.07": SOFT, "hard, α = 0, β = −1": HARD, "V3-Small, −0.15": SMALL}
    curves = [
        Curve(name, [(share, 100 * accuracy_for(share, one)) for share in _SHARES]) for name, one in named.items()
    ]
    return plot(
        curves,
        summary="The accuracy at which networks of other latencies have the reward of 75% at the target.",
        x_label="latency, of the target",
        y_label="accuracy of equal reward, %",
        y_range=(50.0, 100.0),
    )
