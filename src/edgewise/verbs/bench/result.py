"""What `bench` found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.data import BadImage
from edgewise.devices import Budget, Latency, Machine, Verdict
from edgewise.papers import Architecture


@dataclass(frozen=True)
class Facts:
    """What is known of a row beside its latency.

    `form` is the artifact's that was faster (see `edgewise.deploy.forms`), `size_bytes` that of its file. `accuracy` is
    None without data and for models that cannot be scored on it, `share_of_peak` without a device profile, or one that
    has the precision on so many threads: its multiply-adds per second by those of the profile's peak.
    """

    form: str
    size_bytes: int
    accuracy: float | None = None
    share_of_peak: float | None = None


@dataclass(frozen=True)
class Benched:
    """Latencies in groups that are the same within noise, fastest group first, each by median; costs by name; what the
    budget says.

    Artifacts and model files go by their paths, others by their architecture's name. There is a latency for each name
    in each of `combinations`, a runtime and a precision, that fits it, on each number of `threads`, but for those that
    failed, which `notes` tells, a sentence each. `multiply_adds` is by name, None for artifacts that cannot be counted.
    `budget_ms` is the limit of `budget`; where that is relative, the architecture `reference` was measured as `beside`.
    `profile`, `data` and its `split` are what shares of the peak and accuracies are of, `measure` is what these are.
    """

    groups: tuple[tuple[Latency, ...], ...]
    facts: Mapping[Latency, Facts]
    multiply_adds: dict[str, int | None]
    machine: Machine
    budget: Budget | None
    reference: Architecture | None
    beside: Latency | None
    combinations: tuple[tuple[str, str], ...]
    threads: tuple[int, ...]
    notes: tuple[str, ...]
    profile: str | None = None
    data: str | None = None
    split: str | None = None
    skipped: tuple[BadImage, ...] = ()
    measure: str = "accuracy"

    @property
    def budget_ms(self) -> float | None:
        """The most milliseconds that keep the budget, None without one."""
        return self.budget.limit_ms(self.beside) if self.budget is not None else None

    def verdict(self, latency: Latency) -> Verdict | None:
        """Whether one of the latencies keeps the budget, None without one."""
        return self.budget.verdict(latency, self.beside) if self.budget is not None else None

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": self.machine.to_json(),
            "measure": self.measure,
            "budget_ms": self.budget_ms,
            "reference": {"name": self.reference.name, "input": list(self.reference.input)} if self.reference else None,
            "profile": self.profile,
            "data": self.data,
            "split": self.split,
            "skipped": len(self.skipped),
            "notes": list(self.notes),
            "groups": [[self._row(latency) for latency in group] for group in self.groups],
        }

    def _row(self, latency: Latency) -> dict[str, Any]:
        verdict = self.verdict(latency)
        return {
            **latency.to_json(),
            "multiply_adds": self.multiply_adds[latency.name],
            **asdict(self.facts[latency]),
            "budget": None if verdict is None else verdict.value,
        }
