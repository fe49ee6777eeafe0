"""What every row is: one typed line of a paper's table, with what it does written once over values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, cast

from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True)
class WidthRule:
    """How a paper rounds the widths that a multiplier scales.

    `divisor` and `minimum`: widths become multiples of the one and never fall below the other.
    `floor`: truncate (MobileNet v1: `max(8, int(d·α))`) instead of rounding to the nearest multiple without losing more
    than a tenth (`make_divisible` of MobileNetV2 and later).
    `head`: what the widest layers before the classifier do: `scale` with the rest, only `grow` (MobileNetV2: 1280 below
    1.0) or stay `fixed`.
    `squeeze`: the share of the width that squeeze-and-excitation keeps, and `squeeze_from` whose: the expanded width's,
    rounded like any other, or that of the block's `input`, truncated (MnasNet).
    """

    divisor: int = 8
    minimum: int = 8
    floor: bool = False
    head: Literal["scale", "grow", "fixed"] = "scale"
    squeeze: float = 0.25
    squeeze_from: Literal["expanded", "input"] = "expanded"

    def round(self, width: float) -> int:
        """The nearest width the rule allows."""
        if self.floor:
            return max(self.minimum, int(width) // self.divisor * self.divisor)
        rounded = max(self.minimum, int(width + self.divisor / 2) // self.divisor * self.divisor)
        return rounded + self.divisor if rounded < 0.9 * width else rounded


@dataclass(frozen=True, slots=True)
class Scaling:
    """A width multiplier on its way through the rows: what enters a row before and after."""

    multiplier: float
    rule: WidthRule
    in_before: int
    in_after: int

    def width(self, channels: int) -> int:
        """A width scaled from the paper's own."""
        return self.rule.round(channels * self.multiplier)

    def inner(self, channels: int) -> int:
        """A width given as a multiple of the row's input: an expansion keeps its ratio (slim's `expand_input_by`)."""
        return self.rule.round(self.in_after * channels / self.in_before)

    def squeeze(self, expanded: int) -> int:
        """The squeezed width of an inverted residual that expands to `expanded`."""
        if self.rule.squeeze_from == "input":
            return max(1, int(self.in_after * self.rule.squeeze))
        return self.rule.round(expanded * self.rule.squeeze)

    def head(self, channels: int) -> int:
        """A width of the head, under the rule's `head`."""
        grows = self.rule.head == "grow" and self.multiplier > 1
        return self.width(channels) if self.rule.head == "scale" or grows else channels


class Row(ABC):
    """One row. Subclasses are frozen dataclasses whose fields are the explicit widths, kernels and strides."""

    __slots__ = ()

    @abstractmethod
    def apply(self, x: Value) -> Value:
        """What the row computes from `x`. Raises `EdgewiseError` when the widths do not fit."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The values that the row reads beside its input, by their names in the network; of most rows none."""
        return ()

    def scaled(self, scaling: Scaling) -> Self:
        """The row at another width multiplier; rows without widths are their own."""
        del scaling
        return self

    def explicit(self, channels: int) -> Self:
        """The row for an input of `channels` with what it decides by its widths written out, so that other widths leave
        the decision as it is; most rows decide nothing."""
        del channels
        return self

    def __str__(self) -> str:
        """The row with the fields that are not at their defaults."""
        shown = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(cast("Any", self))
            if getattr(self, item.name) != item.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"
