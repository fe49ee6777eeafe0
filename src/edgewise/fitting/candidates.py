"""The networks that a fit considers: families × widths × resolutions, timed from their architectures alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgewise.costs import count
from edgewise.deploy import build, random_tensors
from edgewise.devices import Budget, Latency, Variant, Verdict, measure_variants, screen_variants
from edgewise.errors import EdgewiseError
from edgewise.fitting.combinations import Combination
from edgewise.papers import Architecture, families, find

WIDTHS = (0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 1.0, 1.25, 1.5, 2.0)

SHARES = (6 / 7, 5 / 7, 4 / 7)
"""Smaller input sizes as shares of the images' own: the papers' 192, 160 and 128 of 224 pixels."""

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


def measure_candidates(
    budget: Budget,
    *,
    size: int,
    classes: int,
    threads: int,
    seconds: float,
    tell: Tell,
    allowed: Sequence[Combination] = (("onnxruntime", "fp32"),),
) -> Measured:
    """Times the zoo for images of `size` pixels and `classes` classes, with random weights, in the runtime that ships.

    Of several `allowed` runtimes and precisions every kind of network is tried in all, at one width, and then timed in
    the one that was fastest: quantised, where that is int8. Widths climb until one is over the budget, each wave
    screened together; the largest that pass are measured interleaved for up to `seconds`, beside the reference of a
    relative budget, which is computed in the first of `allowed`. Raises `EdgewiseError` when a runtime fails or the
    reference is unknown.
    """
    with TemporaryDirectory() as folder:
        artifacts = _Artifacts(Path(folder), threads)
        reference = _reference(budget, size, classes)
        rough = None
        if reference is not None:
            (rough,) = screen_variants([artifacts.variant(reference.name, reference, allowed[0])])
        limit = budget.limit_ms(replace(rough, name=budget.reference) if rough and budget.reference else None)
        found: dict[str, Candidate] = {}
        climbing = list(_ladders(size, classes))
        best = _best_combinations(climbing, size, allowed, artifacts, tell)
        for width in WIDTHS:
            wave = [candidate for ladder in climbing if (candidate := ladder(width)) and candidate.name not in found]
            if not wave:
                continue
            latencies = screen_variants([artifacts.variant(one.name, one.architecture, best[one.base]) for one in wave])
            for candidate, latency in zip(wave, latencies, strict=True):
                found[candidate.name] = replace(candidate, latency=latency, verdict=budget_verdict(latency, limit))
            over = {(one.base, one.size) for one in found.values() if one.latency and one.latency.p10_ms > NEAR * limit}
            climbing = [ladder for ladder in climbing if (ladder.base, ladder.size) not in over]
            tell(f"screened {len(found)} candidates up to width {width:g}")
            if not climbing:
                break
        shortlist = _shortlist(found.values(), limit)
        tell(f"measuring {len(shortlist)} of {len(found)} candidates, interleaved")
        variants = [artifacts.variant(one.name, one.architecture, best[one.base]) for one in shortlist]
        if reference and budget.reference:
            variants.append(artifacts.variant(budget.reference, reference, allowed[0]))
        latencies = {one.name: one for one in measure_variants(variants, max_seconds=seconds)}
    beside = latencies.get(budget.reference) if budget.reference else None
    for candidate in shortlist:
        latency = latencies[candidate.name]
        verdict = budget.verdict(latency, beside)
        found[candidate.name] = replace(candidate, latency=latency, verdict=verdict, measured=True)
    return Measured(tuple(found.values()), budget.limit_ms(beside), beside)


def budget_verdict(latency: Latency, limit: float) -> Verdict:
    """What a screened latency says of the budget; only a measured one can say that it is met."""
    return Verdict.MISSED if latency.low_ms > limit else Verdict.UNDECIDED


def _best_combinations(
    ladders: Sequence[_Ladder],
    size: int,
    allowed: Sequence[Combination],
    artifacts: _Artifacts,
    tell: Tell,
) -> dict[str, Combination]:
    """For the base of each ladder the combination it is fastest in, found at one width and the images' own size."""
    if len(allowed) == 1:
        return {ladder.base: allowed[0] for ladder in ladders}
    widths = sorted(WIDTHS, key=lambda width: abs(width - SCOUTED))
    scouts = {
        ladder.base: next((one for width in widths if (one := ladder(width)) is not None), None)
        for ladder in ladders
        if ladder.size == size
    }
    tell(f"trying {len(scouts)} kinds of networks in {', '.join(' '.join(one) for one in allowed)}")
    failures: dict[str, str] = {}

    def failed(variant: Variant, error: EdgewiseError) -> None:
        failures.setdefault(f"{variant.runtime} {variant.precision}", str(error))

    variants = [
        artifacts.variant(base, scout.architecture, one) for base, scout in scouts.items() if scout for one in allowed
    ]
    latencies = screen_variants(variants, failed=failed)
    for combination, sentence in failures.items():
        tell(f"left out {combination} where it fails: {sentence}")
    if not latencies:
        raise EdgewiseError(next(iter(failures.values()), "there is no network to time"))
    found: dict[str, Latency] = {}
    for one in latencies:
        if one.name not in found or one.median_ms < found[one.name].median_ms:
            found[one.name] = one
    chosen = {base: (found[base].runtime, found[base].precision) if base in found else allowed[0] for base in scouts}
    wins = Counter(" ".join(one) for one in chosen.values())
    tell(f"fastest: {', '.join(f'{name} for {count}' for name, count in wins.most_common())}")
    return {ladder.base: chosen.get(ladder.base, allowed[0]) for ladder in ladders}


@dataclass(frozen=True)
class _Ladder:
    """One scalable network at one input size; calling it gives the candidate at a width, None when it does not fit."""

    family: str
    base: str
    build: Callable[[float], Architecture]
    size: int
    classes: int
    lowered: tuple[int, ...] | None

    def __call__(self, width: float) -> Candidate | None:
        try:
            architecture = self.build(width).with_classes(self.classes).with_input(self.size)
        except EdgewiseError:
            return None
        if self.lowered is not None and architecture.lowered != self.lowered:
            return None
        name = f"{architecture.name}@{self.size}"
        costs = count(architecture)
        return Candidate(
            name=name,
            family=self.family,
            base=self.base,
            width=width,
            size=self.size,
            architecture=replace(architecture, name=name),
            multiply_adds=costs.multiply_adds,
            parameters=costs.parameters,
        )


def _ladders(size: int, classes: int) -> Iterator[_Ladder]:
    """Every scalable network at the images' own size, and at smaller ones while its strides stay as they are there.

    A smaller input that makes `with_input` lower one stride more is another, costlier network of blurred images.
    """
    for family in families():
        for base, scaled in family.scalable.items():
            try:
                lowered = scaled(1.0).with_input(size).lowered
            except EdgewiseError:
                continue
            for pixels in _sizes(size):
                yield _Ladder(family.name, base, scaled, pixels, classes, lowered)


def _sizes(size: int) -> list[int]:
    """`size` and the smaller input sizes, each once: multiples of 32 from 96 pixels on, else of 8."""
    grid = 32 if size >= 96 else 8
    smaller = (round(size * share / grid) * grid for share in SHARES)
    return [size, *dict.fromkeys(one for one in smaller if 0 < one < size)]


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


def _reference(budget: Budget, size: int, classes: int) -> Architecture | None:
    if budget.reference is None:
        return None
    return find(budget.reference).with_classes(classes).with_input(size)


class _Artifacts:
    """Artifacts with random weights, made when they are first asked for."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._threads = threads
        self._made: dict[tuple[str, Combination], Path] = {}

    def variant(self, name: str, architecture: Architecture, combination: Combination) -> Variant:
        runtime, precision = combination
        digest = architecture.digest
        if (digest, combination) not in self._made:
            tensors = random_tensors(architecture)
            path = build(architecture, tensors, self._folder, digest[:16], runtime=runtime, precision=precision)
            self._made[digest, combination] = path
        return Variant(name, self._made[digest, combination], runtime, precision, self._threads)
