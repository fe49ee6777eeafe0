"""The networks that a fit considers: families × widths × resolutions, timed from their architectures alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgewise.blocks import Task
from edgewise.costs import count
from edgewise.devices import Budget, Latency, Verdict
from edgewise.errors import EdgewiseError
from edgewise.fitting.clocks import Clock, Timed
from edgewise.fitting.combinations import Combination
from edgewise.papers import Architecture, find
from edgewise.papers.ladders import WIDTHS, Ladder, ladders
from edgewise.papers.tasks import for_task

NEAR = 1.1
"""Screening is rough: what it puts this little over the budget is measured properly all the same."""

SCOUTED = 0.5
"""The width at which a network is tried in all runtimes and precisions; its others are timed in the one that won."""

SHORTLISTED = 2
"""How many widths of one network at one input size are measured properly: the largest that screening lets pass."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """One network under consideration. `base` is the zoo's scalable form it comes from (`mobilenet_v3_large`).

    `latency` says which runtime and precision it is for: the fastest that are allowed.
    """

    name: str
    family: str
    base: str
    width: float
    size: int
    architecture: Architecture
    multiply_adds: int
    parameters: int
    latency: Latency | None = None
    verdict: Verdict | None = None
    measured: bool = False

    @property
    def decided(self) -> bool:
        """Whether its latency is one that decides: measured beside others, or predicted, not a quick look."""
        return self.measured or (self.latency is not None and self.latency.predicted)

    @property
    def meant(self) -> Combination:
        """The runtime and precision that it was timed in."""
        assert self.latency is not None
        return self.latency.runtime, self.latency.precision

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "name": self.name,
            "family": self.family,
            "base": self.base,
            "width": self.width,
            "size": self.size,
            "architecture": self.architecture.to_dict(),
            "multiply_adds": self.multiply_adds,
            "parameters": self.parameters,
            "latency": self.latency.to_json() if self.latency else None,
            "verdict": self.verdict.value if self.verdict else None,
            "measured": self.measured,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Candidate:
        """The inverse of `to_json`."""
        latency, verdict = content["latency"], content["verdict"]
        return cls(
            **{
                **content,
                "architecture": Architecture.from_dict(content["architecture"]),
                "latency": Latency.from_json(latency) if latency else None,
                "verdict": Verdict(verdict) if verdict else None,
            }
        )


@dataclass(frozen=True)
class Measured:
    """All candidates with what was measured of them, the budget in ms, and the reference of a relative one."""

    candidates: tuple[Candidate, ...]
    budget_ms: float
    reference: Latency | None

    def to_json(self) -> dict[str, Any]:
        return {
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "budget_ms": self.budget_ms,
            "reference": self.reference.to_json() if self.reference else None,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Measured:
        reference = content["reference"]
        return cls(
            tuple(map(Candidate.from_json, content["candidates"])),
            content["budget_ms"],
            Latency.from_json(reference) if reference else None,
        )


@dataclass(frozen=True)
class Wanted:
    """What candidates are to do: the task, for so many classes, on images of at most `size` × `across` pixels."""

    size: int
    classes: int
    task: Task = "classify"
    across: int | None = None

    def ladders(self) -> list[Ladder]:
        return list(ladders(self.size, self.classes, self.task, self.across))

    def reference(self, name: str) -> Architecture:
        """The network of the zoo called `name`, to do the same."""
        return for_task(find(name), self.task, self.classes, self.size, self.across or self.size)


def measure_candidates(budget: Budget, clock: Clock, wanted: Wanted, *, seconds: float, tell: Tell) -> Measured:
    """Times the zoo for what is `wanted` by `clock`, as it would be deployed.

    Of several runtimes and precisions that are allowed every kind of network is tried in all, at one width, and then
    timed in the one that was fastest: quantised, where that is int8. Widths climb until one is over the budget, each
    wave screened together; the largest that pass are measured side by side for up to `seconds`, beside the reference of
    a relative budget, which is computed in the first of what is allowed. A predicted latency is as sure at once as it
    will ever be: all candidates have their verdict then, and nothing is measured. Raises `EdgewiseError` when a runtime
    fails or the reference is unknown.
    """
    reference = reference_of(budget, clock, wanted)
    rough = clock.screen([reference])[0] if reference else None
    limit = budget.limit_ms(rough)
    found: dict[str, Candidate] = {}
    climbing = wanted.ladders()
    best = _best_combinations(climbing, wanted.size, clock, tell)

    def timed(candidate: Candidate) -> Timed:
        return Timed(candidate.name, candidate.architecture, best[candidate.base])

    for width in WIDTHS:
        wave = [
            candidate for ladder in climbing if (candidate := _candidate(ladder, width)) and candidate.name not in found
        ]
        if not wave:
            continue
        for candidate, latency in zip(wave, clock.screen([timed(one) for one in wave]), strict=True):
            found[candidate.name] = replace(candidate, latency=latency, verdict=budget_verdict(latency, limit))
        over = {(one.base, one.size) for one in found.values() if one.latency and one.latency.p10_ms > NEAR * limit}
        climbing = [ladder for ladder in climbing if (ladder.base, ladder.size) not in over]
        how = "screened" if clock.device is None else "predicted"
        tell(f"{how} {len(found)} candidates up to width {width:g}")
        if not climbing:
            break
    if clock.device is not None:
        judged = tuple(
            replace(one, verdict=budget.verdict(one.latency, rough)) for one in found.values() if one.latency
        )
        met = sum(one.verdict is Verdict.MET for one in judged)
        tell(f"{met} of {len(judged)} candidates are within the budget by their whole intervals")
        return Measured(judged, limit, rough)
    shortlist = _shortlist(found.values(), limit)
    tell(f"measuring {len(shortlist)} of {len(found)} candidates, side by side")
    subjects = [*map(timed, shortlist), *([reference] if reference else [])]
    latencies = {one.name: one for one in clock.measure(subjects, seconds)}
    beside = latencies.get(budget.reference) if budget.reference else None
    for candidate in shortlist:
        latency = latencies[candidate.name]
        verdict = budget.verdict(latency, beside)
        found[candidate.name] = replace(candidate, latency=latency, verdict=verdict, measured=True)
    return Measured(tuple(found.values()), budget.limit_ms(beside), beside)


def reference_of(budget: Budget, clock: Clock, wanted: Wanted) -> Timed | None:
    """What a relative budget is relative to: its model for the same images and classes, in the first combination."""
    if budget.reference is None:
        return None
    return Timed(budget.reference, wanted.reference(budget.reference), clock.allowed[0])


def budget_verdict(latency: Latency, limit: float) -> Verdict:
    """What a screened latency says of the budget; only a measured one can say that it is met."""
    return Verdict.MISSED if latency.low_ms > limit else Verdict.UNDECIDED


def _best_combinations(climbing: Sequence[Ladder], size: int, clock: Clock, tell: Tell) -> dict[str, Combination]:
    """For the base of each ladder the combination it is fastest in, found at one width and the images' own size."""
    first = clock.allowed[0]
    best = {ladder.base: first for ladder in climbing}
    if len(clock.allowed) == 1:
        return best
    widths = sorted(WIDTHS, key=lambda width: abs(width - SCOUTED))
    scouts = [scout for ladder in climbing if ladder.size == size and (scout := _scout(ladder, widths)) is not None]
    tell(f"trying {len(scouts)} kinds of networks in {', '.join(' '.join(one) for one in clock.allowed)}")
    failures: dict[Combination, str] = {}
    latencies = clock.screen(
        [Timed(scout.base, scout.architecture, one) for scout in scouts for one in clock.allowed],
        lambda name, combination, error: failures.update({combination: str(error)}),
    )
    for combination, sentence in failures.items():
        tell(f"left out {' '.join(combination)} where it fails: {sentence}")
    if not latencies:
        raise EdgewiseError(next(iter(failures.values()), "there is no network to time"))
    for one in sorted(latencies, key=lambda latency: -latency.median_ms):
        best[one.name] = (one.runtime, one.precision)
    wins = Counter(" ".join(best[scout.base]) for scout in scouts)
    tell(f"fastest: {', '.join(f'{name} for {count}' for name, count in wins.most_common())}")
    return best


def _scout(ladder: Ladder, widths: Sequence[float]) -> Candidate | None:
    """The candidate at the first of the widths that the network fits at."""
    return next((one for width in widths if (one := _candidate(ladder, width)) is not None), None)


def _candidate(ladder: Ladder, width: float) -> Candidate | None:
    """The candidate that a ladder has at a width, None where the network does not fit."""
    architecture = ladder(width)
    if architecture is None:
        return None
    costs = count(architecture)
    return Candidate(
        name=architecture.name,
        family=ladder.family,
        base=ladder.base,
        width=width,
        size=ladder.size,
        architecture=architecture,
        multiply_adds=costs.multiply_adds,
        parameters=costs.parameters,
    )


def _median(candidate: Candidate) -> float:
    assert candidate.latency is not None  # every candidate has been screened
    return candidate.latency.median_ms


def _shortlist(candidates: Iterable[Candidate], limit: float) -> list[Candidate]:
    """The largest few of every ladder that may be within the budget; the fastest of all when none may."""
    within: dict[tuple[str, int], list[Candidate]] = {}
    everyone = list(candidates)
    for candidate in everyone:
        if _median(candidate) <= NEAR * limit:
            within.setdefault((candidate.base, candidate.size), []).append(candidate)
    if not within:
        return sorted(everyone, key=_median)[:3]
    return [
        one
        for ladder in within.values()
        for one in sorted(ladder, key=lambda candidate: -candidate.multiply_adds)[:SHORTLISTED]
    ]
