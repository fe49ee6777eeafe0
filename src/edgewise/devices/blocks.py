"""One block: a few timed inferences of one artifact in a row, and whether something disturbed them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from typing import Any

_TOLERATED_SHARE = 0.03
_TOLERATED_CORES = 0.5
_TOLERATED_PART = 0.1


@dataclass(frozen=True)
class Block:
    """What the worker saw while it timed one block.

    `wall_ns` and `cpu_ns` hold one value per iteration: wall time, and the CPU time of the thread that called the
    runtime (empty where the system's clock for it is too coarse). `waited_ns` is how long all threads of the worker
    were ready to run but had no core, `switches` how often a core was taken from one of them, `others` how many cores
    everything else on the machine kept busy meanwhile; None where the system does not say.
    """

    wall_ns: tuple[int, ...]
    cpu_ns: tuple[int, ...]
    waited_ns: int | None
    switches: int | None
    others: float | None

    def median_ms(self, threads: int) -> float:
        """The median wall time of the iterations that kept their core, of all where none did or nobody can tell."""
        return median(self._undivided_ns(threads) or self.wall_ns) / 1e6

    @property
    def cpu_median_ms(self) -> float | None:
        return median(self.cpu_ns) / 1e6 if self.cpu_ns else None

    def disturbance(self, threads: int) -> float | None:
        """How disturbed the block was, in multiples of what is tolerated (3% of its time); None where unknown.

        Other work slows a model in two ways: it takes its core, and from another core it takes cache, memory
        bandwidth and clock frequency (10 to 20% here, with not one context switch). The larger of the two counts.
        """
        held_up = self._held_up(threads)
        shares = [] if held_up is None else [held_up / _TOLERATED_SHARE]
        if self.others is not None:
            shares.append(crowding(self.others))
        return max(shares, default=None)

    def is_disturbed(self, threads: int) -> bool:
        """Whether something other than the model took more of the block than is tolerated."""
        amount = self.disturbance(threads)
        return amount is not None and amount > 1

    def _held_up(self, threads: int) -> float | None:
        """The share of its time that the block did not have the cores it asked for.

        With more threads CPU time says nothing about wall time; what the kernel counts as waiting for a core does.
        """
        if threads == 1 and self.cpu_ns:
            if self._undivided_ns(threads):
                return 0.0
            return max(median(self.wall_ns) / max(median(self.cpu_ns), 1) - 1, 0.0)
        if self.waited_ns is not None:
            return self.waited_ns / max(sum(self.wall_ns), 1)
        if self.switches is not None:
            # No duration is known; a switch in every second iteration is where the median itself begins to move.
            return _TOLERATED_SHARE * 2 * self.switches / len(self.wall_ns)
        return None

    def _undivided_ns(self, threads: int) -> list[int]:
        """The wall times of the iterations that other work did not take the core from; one thread only.

        With one thread the runtime computes on the calling thread, so wall time beyond that thread's CPU time was
        spent without the core (or with the core given to another guest, which the kernel subtracts as stolen). The
        rest are chosen by that and never by how long they took, so leaving such iterations out favours no artifact.
        """
        if threads != 1:
            return []
        pairs = zip(self.wall_ns, self.cpu_ns, strict=False)
        return [wall for wall, cpu in pairs if wall <= cpu * (1 + _TOLERATED_SHARE)]

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Block:
        return cls(
            tuple(content["wall_ns"]),
            tuple(content["cpu_ns"]),
            content["waited_ns"],
            content["switches"],
            content["others"],
        )


def crowding(cores: float) -> float:
    """How much it disturbs that others keep so many cores busy, in multiples of what is tolerated."""
    # The kernel counts in steps of 10 ms, so over one block less than half a core cannot be told from none.
    return cores / max(_TOLERATED_CORES, _TOLERATED_PART * (os.cpu_count() or 1))
