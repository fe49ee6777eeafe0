"""Does the quantum hold for whole networks? MobileNetV2 at several widths, its channels on and off the multiples.

What a sweep of single convolutions shows at c = q/2 between two multiples is asked of all channels of a network at
once: all widths multiples of q, the same with q/2 added to each, the same with q added. On a straight line the network
between would take the time that its multiply-adds have on the line through its two neighbours. If q is the quantum it
takes more, a whole share of what it would take to be as slow as the wider neighbour; and with 2q in place of q, where
all widths are multiples of q, it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from edgewise.blocks import WidthRule
from edgewise.costs import count
from edgewise.devices import Latency
from edgewise.papers import Architecture, mobilenet_v2
from edgewise.profiling.timing import Setting, timed

MULTIPLIERS = (0.6, 0.75, 0.9, 1.1)
"""Width multipliers of MobileNetV2; the paper's own widths are multiples of 8 throughout, of 16 mostly."""

_LEAST_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class _Beside(WidthRule):
    """Widths as the paper's rule rounds them, each with `added` channels more."""

    added: int = 0

    def round(self, width: float) -> int:
        return max(self.divisor, int(width / self.divisor + 0.5) * self.divisor) + self.added


@dataclass(frozen=True)
class Between:
    """A network whose widths lie `added` = step / 2 above multiples of `step`, beside the two whose widths are such
    multiples: multiply-adds and latencies of the lower, of itself, of the upper.

    `slower` is by how much its time exceeds that of its multiply-adds on the line through the two, as a share;
    `share` that excess as a share of what it would be if it took the time of the upper.
    """

    multiplier: float
    step: int
    multiply_adds: tuple[int, int, int]
    latencies: tuple[Latency, Latency, Latency]

    @property
    def expected_ms(self) -> float:
        """The time of its multiply-adds on the line through its neighbours."""
        (low, own, high), (below, _, above) = self.multiply_adds, self.latencies
        return below.p10_ms + (above.p10_ms - below.p10_ms) * (own - low) / (high - low)

    @property
    def slower(self) -> float:
        return self.latencies[1].p10_ms / self.expected_ms - 1

    @property
    def share(self) -> float:
        _, own, above = self.latencies
        return (own.p10_ms - self.expected_ms) / (above.p10_ms - self.expected_ms)


@dataclass(frozen=True)
class Confirmation:
    """What whole networks say of a `quantum`: the networks off its multiples, off those of its half and of its double.

    `confirmed` is whether the networks off its multiples take, in the median, at least a third of a whole step more
    than a line, and those off the multiples of its double do not.
    """

    quantum: int
    networks: tuple[Between, ...]

    def of(self, step: int) -> tuple[Between, ...]:
        """The networks off the multiples of `step`."""
        return tuple(one for one in self.networks if one.step == step)

    @property
    def confirmed(self) -> bool:
        own, double = (median(one.share for one in self.of(step)) for step in (self.quantum, 2 * self.quantum))
        return own >= _LEAST_SHARE > double


def network(multiplier: float, step: int, added: int) -> Architecture:
    """MobileNetV2 for 224 × 224 pixels with all widths `added` above a multiple of `step`."""
    rule = _Beside(divisor=step, minimum=step, head="scale", added=added)
    scaled = replace(mobilenet_v2.BASE, widths=rule).scaled(multiplier)
    return replace(scaled, name=f"mobilenet_v2_{multiplier:g}_by_{step}_and_{added}")


def confirm(quantum: int, setting: Setting, seconds: float, multipliers: Sequence[float] = MULTIPLIERS) -> Confirmation:
    """Measures the networks on and off the multiples of half the quantum (if it is 4 or more), of the quantum and of
    its double, all interleaved, for about `seconds` beyond building and loading.

    Raises `EdgewiseError` where the runtime cannot do it.
    """
    steps = [step for step in (quantum // 2, quantum, 2 * quantum) if step > 1]
    asked = {
        (multiplier, step): tuple(network(multiplier, step, added) for added in (0, step // 2, step))
        for multiplier in multipliers
        for step in steps
    }
    found = timed([one for three in asked.values() for one in three], setting, seconds)
    networks = []
    for (multiplier, step), (low, own, high) in asked.items():
        costs = (count(low).multiply_adds, count(own).multiply_adds, count(high).multiply_adds)
        networks.append(Between(multiplier, step, costs, (found[low.name], found[own.name], found[high.name])))
    return Confirmation(quantum, tuple(networks))
