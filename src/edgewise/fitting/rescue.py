"""Where no candidate is fast enough: the fastest is trained, and narrowed until it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.adapting.adaptation import SHORT, Adaptation, Narrowed, glance
from edgewise.adapting.netadapt import Course
from edgewise.adapting.proposals import narrowest
from edgewise.adapting.versions import random_versions
from edgewise.costs import count
from edgewise.deploy import random_tensors
from edgewise.devices import Budget
from edgewise.devices.prediction import Setting
from edgewise.devices.runtimes import TracingRuntime, find_runtime
from edgewise.errors import BudgetError
from edgewise.fitting.adaptation_report import write_adaptation
from edgewise.fitting.candidates import Candidate, Measured, Tell
from edgewise.fitting.clocks import Clock, Timed
from edgewise.fitting.detector_gauge import with_what_follows
from edgewise.fitting.halving import Halving, Standing, once_more
from edgewise.fitting.selection import fastest, nothing_meets
from edgewise.nn import Network
from edgewise.profiling.gauge_for import gauge_for, quantum_for
from edgewise.training import TrainResult
from edgewise.training.scores import score_name, score_of
from edgewise.weights import ModelCard, Provenance, save_model

FOLDER = "adapting"

FINEST = 1
"""The widths of the first look, before the device's quantum is known: nothing is refused that could be had."""

SPARE = 0.97
"""The share of the budget that is aimed at, for the upper end of the interval: all of it is to be within."""


def rescuable(measured: Measured, budget: Budget, clock: Clock, seconds: float, tell: Tell) -> Candidate:
    """The fastest of the candidates, none of which meets the budget, if its narrowest version would.

    Raises `BudgetError` where that is too slow as well, or in a runtime that does not say what its kernels take, which
    narrowing needs.
    """
    first, latency = fastest(measured)
    advice = "allow more time, smaller images with --input, or take a faster device"
    if not isinstance(find_runtime(latency.runtime), TracingRuntime):
        raise BudgetError(f"{nothing_meets(measured, budget)}; {advice}")
    least = narrowest(first.architecture, FINEST)
    ms = clock.measure([Timed(first.name, least, first.meant)], seconds)[0].median_ms
    if ms > SPARE * measured.budget_ms:
        raise BudgetError(f"{nothing_meets(measured, budget)}, and as narrow as it can be still {ms:.3f} ms; {advice}")
    tell(
        f"nothing meets the budget of {measured.budget_ms:.3f} ms: {first.name} is the fastest and will be narrowed "
        f"until it does; its narrowest version takes {ms:.3f} ms"
    )
    return first


@dataclass(frozen=True, eq=False)
class Rescue:
    """A candidate trained and narrowed to a budget that it does not meet, in the folder `adapting` of the run.

    `device` is the profile of a device that is not here, `share` the part of its latency that is wanted.
    """

    halving: Halving
    candidate: Candidate
    share: float
    device: Path | None
    threads: int
    workers: int

    @classmethod
    def of(
        cls, halving: Halving, candidate: Candidate, measured: Measured, device: Path | None, threads: int, workers: int
    ) -> Rescue:
        assert candidate.latency is not None
        share = SPARE * min(1.0, measured.budget_ms / candidate.latency.high_ms)
        return cls(halving, candidate, share, device, threads, workers)

    def run(self, provenance: Provenance, asked: Mapping[str, object]) -> tuple[Candidate, TrainResult, Network]:
        """The narrowed candidate, its last training, and its network, trained.

        Raises `BudgetError` before any training where the narrowest version at the device's channel quantum is too
        slow.
        """
        halving, before = self.halving, self.candidate
        folder = halving.folder.path / FOLDER
        quantum = quantum_for(folder, *before.meant, device=self.device, tell=halving.tell)
        gauge = gauge_for(
            folder,
            before.architecture,
            *before.meant,
            self.threads,
            device=self.device,
            others=lambda: random_versions(before.architecture, quantum),
            tell=halving.tell,
        )
        gauge = with_what_follows(
            gauge,
            before.architecture,
            lambda: random_tensors(before.architecture),
            halving.dataset,
            halving.preprocessing(before),
            Setting(before.meant[0], None, before.meant[1], self.threads),
            halving.folder,
            halving.tell,
        )
        glance(gauge, before.architecture, quantum, self._target)
        _, trained, network = halving.run([before])
        halving.standings.append(Standing(before.name, 0, trained.steps, score_of(trained.metrics)))
        card = ModelCard(
            architecture=before.architecture,
            preprocessing=halving.preprocessing(before),
            classes=halving.dataset.classes,
            multi_label=halving.dataset.multi_label,
            metrics={f"val_{name}": value for name, value in trained.metrics.items()},
            provenance=provenance,
        )
        model = folder / "before.safetensors"
        if not model.exists():
            save_model(model, network, card)
        recipe = halving.schedules([before])[before.name].recipe
        adaptation = Adaptation(
            folder,
            model,
            halving.dataset,
            gauge,
            Course("netadapt", quantum, measure=self._measure),
            recipe,
            SHORT,
            self.workers,
            halving.tell,
        )
        found = adaptation.narrowed(self._target)
        if not found.reached:
            raise BudgetError(
                f"{before.name} cannot be narrowed to {100 * self.share:.0f}% of its latency: its steps end at "
                f"{found.steps[-1].ms:.3f} of {found.steps[0].ms:.3f} ms; allow more time, or smaller images with "
                "--input"
            )
        network, made, retrained = adaptation.finished(
            found, once_more(recipe), scratch=False, workers=halving.workers, progress=halving.progress
        )
        self._write(found, provenance, asked)
        return self._candidate(made), retrained or trained, network

    @property
    def _measure(self) -> str:
        return score_name(self.halving.dataset.task, multi_label=self.halving.dataset.multi_label)

    def _target(self, ms: float) -> float:
        return self.share * ms

    def _candidate(self, made: ModelCard) -> Candidate:
        costs = count(made.architecture)
        return replace(
            self.candidate,
            name=f"{self.candidate.name}_adapted",
            architecture=made.architecture,
            multiply_adds=costs.multiply_adds,
            parameters=costs.parameters,
        )

    def _write(self, found: Narrowed, provenance: Provenance, asked: Mapping[str, object]) -> None:
        first, last = found.steps[0], found.steps[-1]
        write_adaptation(
            self.halving.folder.path / FOLDER,
            found,
            title=f"{self.candidate.name}, narrowed",
            command=provenance.command,
            limit="aimed at",
            outcome={"seed_ms": first.ms, "ms": last.ms, "metrics": {}},
            asked=asked,
        )
