"""What a search maximises: accuracy weighed against latency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from edgewise.errors import EdgewiseError

Kind = Literal["product", "absolute"]


@dataclass(frozen=True)
class Objective:
    """One number for accuracy and latency, around the target `target` (in the latency's unit, ms).

    `product` is MnasNet's `ACC × (LAT/T)^w`, where w is `below` up to the target and `above` beyond it. `absolute` is
    TuNAS's `ACC + w·|LAT/T − 1|` (Bender et al., 2020), with the weight `below`.
    """

    target: float
    below: float = -0.07
    above: float = -0.07
    kind: Kind = "product"

    def __post_init__(self) -> None:
        if not self.target > 0:
            raise EdgewiseError(f"a target of {self.target:g} cannot be searched for; give more than 0")

    def __call__(self, accuracy: float, latency: float) -> float:
        """The reward. Raises `EdgewiseError` where the latency is not known: nothing passes that was not measured."""
        if not latency > 0:
            raise EdgewiseError(f"a latency of {latency} was not measured, and without one there is no reward")
        ratio = latency / self.target
        if self.kind == "absolute":
            return accuracy + self.below * abs(ratio - 1)
        return accuracy * ratio ** (self.below if ratio <= 1 else self.above)


def mnasnet_soft(target: float) -> Objective:
    """MnasNet's soft constraint: twice the latency is worth 5% more accuracy (section 3.1, Figure 3)."""
    return Objective(target)


def mnasnet_hard(target: float) -> Objective:
    """MnasNet's hard constraint: accuracy alone up to the target, and beyond it less in proportion."""
    return Objective(target, 0.0, -1.0)


def mobilenet_v3_small(target: float) -> Objective:
    """What MobileNetV3-Small was searched with: small networks lose more accuracy per ms (section 5.1)."""
    return Objective(target, -0.15, -0.15)


def tunas(target: float) -> Objective:
    """TuNAS's absolute reward, with the weight of its release."""
    return Objective(target, -0.10, -0.10, kind="absolute")


OBJECTIVES: Mapping[str, Callable[[float], Objective]] = {
    "soft": mnasnet_soft,
    "hard": mnasnet_hard,
    "mobilenet_v3_small": mobilenet_v3_small,
    "absolute": tunas,
}
"""By name, given the target."""


def objective_named(name: str, target: float) -> Objective:
    """Raises `EdgewiseError` for an unknown name."""
    if name not in OBJECTIVES:
        raise EdgewiseError(f"there is no objective {name!r}; choose one of: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name](target)
