"""The latency budget: read from what a user writes, and compared with what was measured."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from edgewise.devices.intervals import FEWEST
from edgewise.devices.latency import Latency
from edgewise.errors import EdgewiseError

_NUMBER = r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_ABSOLUTE = re.compile(rf"{_NUMBER}\s*(us|µs|μs|ms|s)")
_RELATIVE = re.compile(rf"{_NUMBER}\s*[x×]\s*([A-Za-z]\S*)")
_MILLISECONDS = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3}
_FORMS = "write a time such as 5ms, 800us or 0.005s, or a share of a model's latency such as '0.6x mobilenet_v2'"


class Verdict(StrEnum):
    """Whether a budget is kept, as far as the measurement can tell."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Budget:
    """Latency per inference at batch 1: either `milliseconds`, or `factor` times the latency of model `reference`.

    Raises `EdgewiseError` when it is neither or both, or a number is not positive and finite.
    """

    milliseconds: float | None = None
    factor: float | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        absolute = self.milliseconds is not None
        if absolute != (self.factor is None) or absolute != (self.reference is None):
            raise EdgewiseError("a budget is either milliseconds or a factor of a reference model; give one of them")
        amount = self.milliseconds if absolute else self.factor
        if amount is None or not (math.isfinite(amount) and amount > 0):
            raise EdgewiseError(f"a budget must be more than nothing and finite, not {amount}; {_FORMS}")

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Reads `5ms`, `800us`, `0.005s` or `0.6x mobilenet_v2`. Raises `EdgewiseError` for anything else."""
        stripped = text.strip()
        if match := _ABSOLUTE.fullmatch(stripped):
            return cls(milliseconds=float(match[1]) * _MILLISECONDS[match[2]])
        if match := _RELATIVE.fullmatch(stripped):
            return cls(factor=float(match[1]), reference=match[2])
        raise EdgewiseError(f"the budget {text!r} is not one; {_FORMS}")

    def __str__(self) -> str:
        """The budget as `parse` reads it."""
        if self.milliseconds is not None:
            return f"{_plain(self.milliseconds)}ms"
        assert self.factor is not None
        return f"{_plain(self.factor)}x {self.reference}"

    def limit_ms(self, reference: Latency | None = None) -> float:
        """The budget in milliseconds; a relative one is `factor` times the median of `reference`.

        Raises `EdgewiseError` when a relative budget's model was not measured, or another model is given.
        """
        return self._limits(reference)[1]

    def verdict(self, latency: Latency, reference: Latency | None = None) -> Verdict:
        """`MET` when the whole interval of `latency` is within the budget, `MISSED` when all of it is beyond.

        The limit of a relative budget is itself measured, beside the candidates, so it is an interval too: a met
        budget is met for the lowest limit the reference's interval allows, a missed one is missed for the highest.
        Everything between is `UNDECIDED`, and so is a latency of too few rounds to have a 95% interval at all. Raises
        `EdgewiseError` as `limit_ms` does.
        """
        lowest, _, highest = self._limits(reference)
        if latency.rounds < FEWEST:
            return Verdict.UNDECIDED
        if latency.high_ms <= lowest:
            return Verdict.MET
        if latency.low_ms > highest:
            return Verdict.MISSED
        return Verdict.UNDECIDED

    def meets(self, latency: Latency, reference: Latency | None = None) -> bool:
        """Whether the verdict is `MET`: the upper end of the interval is within the budget."""
        return self.verdict(latency, reference) is Verdict.MET

    def _limits(self, reference: Latency | None) -> tuple[float, float, float]:
        if self.milliseconds is not None:
            return self.milliseconds, self.milliseconds, self.milliseconds
        assert self.factor is not None
        if reference is None or reference.name != self.reference:
            given = "nothing" if reference is None else reference.name
            raise EdgewiseError(f"the budget {self} needs {self.reference} measured beside it, but has {given}")
        return self.factor * reference.low_ms, self.factor * reference.median_ms, self.factor * reference.high_ms


def _plain(number: float) -> str:
    return repr(float(number)).removesuffix(".0")
