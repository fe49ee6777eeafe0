"""NetAdapt (Yang et al., 2018) and its form in MobileNetV3 (section 4.2): a network made faster step by step, each
step narrowing whatever costs the least accuracy for what it gains."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch

from edgewise.adapting.contest import Contest
from edgewise.adapting.proposals import Proposal, Proposals
from edgewise.adapting.ranking import Score, ranked
from edgewise.adapting.rules import Form, Outcome, least_cut, steps_left, winner
from edgewise.adapting.spaces import Spaces
from edgewise.adapting.steps import Alike, Step, Steps, made_step
from edgewise.adapting.surgery import cut
from edgewise.costs import count
from edgewise.deploy.tensors import tensors_of
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.papers import Architecture
from edgewise.profiling.gauge import Gauge
from edgewise.tasks import Pool, Tell
from edgewise.training.progress import clock
from edgewise.training.recipe import Recipe
from edgewise.weights import ModelCard, load_model, read_card, save_model
from edgewise.weights.model_file import save_tensors

SHORT_BATCH = 64
"""Short fine-tunes need steps more than they need images."""

CLOSE = 0.01
"""By this share of the target a measurement may be above it, of a network that another one found within."""

_TRIES = 3
_BESIDE = 4
_SMALLEST_STEP = 1e-3


@dataclass(frozen=True)
class Course:
    """How the steps are taken: the form, the quantum of widths, which channels go first, and what the number is called
    that networks are judged by."""

    form: Form
    quantum: int
    score: Score = "magnitude"
    measure: str = "accuracy"


class NetAdapt:
    """The steps of one run, in its folder: `steps/00` holds the network to begin with, every other an accepted step's
    model file (`model.safetensors`) and what it was chosen from (`step.json`, `proposals.json`)."""

    def __init__(self, folder: Path, course: Course, gauge: Gauge, tell: Tell) -> None:
        self._folder, self._course, self._gauge, self._tell = folder, course, gauge, tell
        self.steps = Steps(folder)

    def begin(self, model: Path, accuracy: Callable[[str], float], ms: float | None = None) -> Step:
        """Step 0: the model file `model`, its latency, where that is not given, and its accuracy by `accuracy`, given
        the file's place."""
        seed = self.steps.kept(0)
        if seed is None:
            network, card = load_model(model)
            save_model(self.steps.model_file(0), network, card)
            ms = self._gauge.measured([card.architecture])[0] if ms is None else ms
            place = str(self.steps.model_file(0).relative_to(self._folder))
            seed = self.steps.keep(made_step(0, "as it was", card.architecture, ms, ms, 0.0, accuracy(place)))
        return seed

    def run(self, pool: Pool, contest: Contest, seed: Step, target_ms: float) -> list[Step]:
        """Steps until the target is reached or nothing can be narrower; all of them, `seed` first."""
        steps = [seed]
        while (kept := self.steps.kept(len(steps))) is not None:
            steps.append(kept)
        if len(steps) > 1:
            self._tell(f"going on after step {len(steps) - 1}: {steps[-1].ms:.3f} ms of {target_ms:.3f}")
        took: list[float] = []
        while not self._reached(steps, target_ms):
            began = time.monotonic()
            self._settle(steps[-1])
            made = self._next(pool, contest, steps[-1], target_ms)
            took.append(time.monotonic() - began)
            if made is None:
                self._tell(f"nothing narrower is faster than {steps[-1].ms:.3f} ms")
                break
            steps.append(made)
            reached = f"{100 * made.accuracy:.2f}% {self._course.measure} on the holdout"
            self._tell(
                f"step {made.number}: {made.name}; {made.ms:.3f} ms of {target_ms:.3f}, "
                f"{reached}{self._time_left(made, target_ms, took)}"
            )
        return steps

    def _reached(self, steps: list[Step], target_ms: float) -> bool:
        """Whether the last step keeps the target, also when it is measured again: of many measurements the first below
        it may be so by chance. What that gives is then the step's latency."""
        last = steps[-1]
        if last.ms > target_ms or last.number == 0:
            return last.ms <= target_ms
        ms = self._gauge.measured([read_card(self.steps.model_file(last.number)).architecture])[0]
        if ms <= target_ms * (1 + CLOSE):
            return True
        self._tell(f"measured again, it takes {ms:.3f} ms of {target_ms:.3f}: on with it")
        steps[-1] = self.steps.keep(replace(last, ms=ms))
        return False

    def _time_left(self, step: Step, target_ms: float, took: Sequence[float]) -> str:
        left = steps_left(self._course.form, self.steps.seed().ms, step.number, step.ms, target_ms)
        if not took or not left:
            return ""
        return f"; about {clock(left * mean(took))} left"

    def _settle(self, step: Step) -> None:
        """Latencies are relative to the step's from now on, which was measured."""
        self._gauge.settle(read_card(self.steps.model_file(step.number)).architecture, step.ms)

    def evenly(self, pool: Pool, contest: Contest, steps: Sequence[Step]) -> list[Alike]:
        """What narrowing all spaces by the same share gives, at a few latencies on the way that `steps` took: the first
        network narrowed at once, and tuned for as many steps as the adaptation took in all."""
        home = self._folder / "evenly"
        path = home / "evenly.json"
        if path.exists():
            return [Alike(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
        if len(steps) < 2:
            return []
        self._settle(steps[0])
        card, tensors, spaces, made = self._narrowings(0)
        found: dict[str, Proposal] = {}
        for number in range(1, _BESIDE + 1):
            proposal = made.evenly(steps[0].ms + (steps[-1].ms - steps[0].ms) * number / _BESIDE)
            if proposal is not None:
                found.setdefault(proposal.architecture.digest, proposal)
        files: list[str] = []
        for number, proposal in enumerate(found.values()):
            smaller, sliced = cut(card.architecture, tensors, spaces.labels, proposal.kept)
            file = home / f"{number:02}.safetensors"
            _write(file, card, smaller, sliced)
            files.append(str(file.relative_to(self._folder)))
        self._tell(f"for comparison: {len(found)} networks with all layers narrowed alike")
        latencies = self._gauge.measured([one.architecture for one in found.values()])
        accuracies = contest.tuned(pool, files, contest.steps * (len(steps) - 1))
        alike: list[Alike] = []
        for proposal, file, ms in zip(found.values(), files, latencies, strict=True):
            if file in accuracies:
                costs = count(proposal.architecture)
                alike.append(Alike(proposal.name, ms, accuracies[file], costs.multiply_adds, costs.parameters))
        write_text(path, json.dumps([one.to_json() for one in alike], indent=1))
        return alike

    def plan(self, current: Step, target_ms: float) -> tuple[list[Proposal], float]:
        """The proposals of the step after `current`, and the least that they cut, in ms."""
        self._settle(current)
        return self._below(self._narrowings(current.number)[3], current, target_ms)

    def _below(self, made: Proposals, current: Step, target_ms: float) -> tuple[list[Proposal], float]:
        """What `made` has that cuts as much as the form says, or half of that, and so on; none where nothing cuts even
        the smallest step there is."""
        seed_ms = self.steps.seed().ms
        smallest = _SMALLEST_STEP * seed_ms
        wanted = min(least_cut(self._course.form, seed_ms, current.number + 1), current.ms - target_ms)
        least = max(wanted, smallest)
        while not (found := made.below(current.ms - least)) and least > smallest:
            least = max(least / 2, smallest)
        return found, least

    def _next(self, pool: Pool, contest: Contest, current: Step, target_ms: float) -> Step | None:
        home = self.steps.home(current.number + 1)
        proposals = self._proposed(home, current, target_ms)
        if not proposals:
            return None
        least = proposals[0]["least_ms"]
        self._tell(f"step {current.number + 1}: tuning {len(proposals)} proposals")
        standings = contest.run(pool, home, [one["file"] for one in proposals])
        rated = [one for one in proposals if one["file"] in standings.accuracies]
        if not rated:
            raise EdgewiseError(f"no proposal of step {current.number + 1} could be trained; see above for the reasons")
        outcomes = {
            one["file"]: Outcome(one["name"], standings.accuracies[one["file"]], one["ms"])
            for one in rated
            if one["file"] in standings.finalists
        }
        before = Outcome(current.name, current.accuracy, current.ms)
        best = winner(self._course.form, before, list(outcomes.values()))
        chosen = next(one for one in rated if outcomes.get(one["file"]) is best)
        network, card = load_model(self._folder / standings.files[chosen["file"]])
        save_model(self.steps.model_file(current.number + 1), network, card)
        told = tuple(
            {
                "name": one["name"],
                "expected_ms": one["expected_ms"],
                "ms": one["ms"],
                "accuracies": standings.all[one["file"]],
            }
            for one in rated
        )
        ms = self._measured_again(card.architecture, chosen["ms"])
        made = made_step(
            current.number + 1, best.name, card.architecture, ms, chosen["expected_ms"], least, best.accuracy, told
        )
        self.steps.keep(made)
        contest.clear(home)
        return made

    def _measured_again(self, architecture: Architecture, before_ms: float) -> float:
        """What the winner takes, alone with the first network: what was chosen among many for being fast may only have
        seemed so. Where the two measurements part by more than `CLOSE`, a third decides by their median."""
        ms = self._gauge.measured([architecture])[0]
        if abs(ms - before_ms) <= CLOSE * before_ms:
            return ms
        return median([before_ms, ms, self._gauge.measured([architecture])[0]])

    def _proposed(self, home: Path, current: Step, target_ms: float) -> list[dict[str, Any]]:
        """The proposals of a step, measured, each with its model file; read where the folder has them."""
        path = home / "proposals.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        card, tensors, spaces, made = self._narrowings(current.number)
        proposals, least = self._below(made, current, target_ms)
        if self._gauge.here:
            self._tell(f"step {current.number + 1}: measuring {len(proposals)} proposals")
        proposals, latencies = self._confirmed(proposals, current.ms, least, made)
        further = least
        # What was to be faster is not: the table is wrong here, and what is narrower by far must decide.
        while not proposals and 2 * further < current.ms:
            further *= 2
            proposals, latencies = self._confirmed(made.below(current.ms - further), current.ms, least, made)
        if not proposals and (last := made.narrowest()) is not None:
            proposals, latencies = self._confirmed([last], current.ms, least, made)
        listed: list[dict[str, Any]] = []
        for number, (proposal, ms) in enumerate(zip(proposals, latencies, strict=True)):
            smaller, sliced = cut(card.architecture, tensors, spaces.labels, proposal.kept)
            file = home / "proposals" / f"{number:02}.safetensors"
            _write(file, card, smaller, sliced)
            listed.append(
                {
                    "name": proposal.name,
                    "widths": dict(proposal.widths),
                    "file": str(file.relative_to(self._folder)),
                    "expected_ms": proposal.ms,
                    "ms": ms,
                    "least_ms": least,
                }
            )
        write_text(path, json.dumps(listed, indent=1))
        return listed

    def _narrowings(self, number: int) -> tuple[ModelCard, dict[str, np.ndarray], Spaces, Proposals]:
        """What a step's network can become."""
        network, card = load_model(self.steps.model_file(number))
        tensors = tensors_of(network)
        spaces = Spaces(card.architecture)
        order = ranked(self._course.score, network, card, spaces.labels, tensors, self._folder / "cache")
        return card, tensors, spaces, Proposals(spaces, order, self._gauge.expected, self._course.quantum)

    def _confirmed(
        self, proposals: list[Proposal], before_ms: float, least: float, made: Proposals
    ) -> tuple[list[Proposal], list[float]]:
        """The proposals that are measured to cut `least` from `before_ms`. Those that are slower get narrower, and are
        measured again; after a few tries what is fast enough is taken, or where nothing is what cuts anything."""
        slower = before_ms - _SMALLEST_STEP * self.steps.seed().ms
        if not proposals or not self._gauge.here:
            kept = [one for one in proposals if one.ms <= slower]
            return kept, [one.ms for one in kept]
        wanted = before_ms - least
        good: dict[str, tuple[Proposal, float]] = {}
        slow: dict[str, tuple[Proposal, float]] = {}
        waiting = proposals
        for _ in range(_TRIES):
            latencies = self._gauge.measured([one.architecture for one in waiting])
            slow = {}
            for one, ms in zip(waiting, latencies, strict=True):
                (good if ms <= wanted else slow).setdefault(_first(one), (one, ms))
            if not slow:
                break
            again = {_first(one): one for one in made.below(wanted - max(ms - wanted for _, ms in slow.values()))}
            waiting = [again[key] for key in slow if key in again and key not in good]
            if not waiting:
                break
        found = list(good.values()) or [one for one in slow.values() if one[1] <= slower]
        return [one for one, _ in found], [ms for _, ms in found]


def _first(proposal: Proposal) -> str:
    """Which space, or spaces, a proposal narrows."""
    return " ".join(sorted(proposal.widths))


def _write(path: Path, like: ModelCard, smaller: Architecture, tensors: dict[str, np.ndarray]) -> None:
    """The model file of a narrower network of the kind of `like`."""
    card = replace(like, architecture=smaller, metrics={})
    save_tensors(path, {name: torch.from_numpy(array) for name, array in tensors.items()}, card)


def short_recipe(recipe: Recipe, rate: float) -> Recipe:
    """The recipe of short fine-tunes: `recipe` at a constant low `rate`, in batches of at most `SHORT_BATCH`, with
    nothing that takes long to settle."""
    augmentation = None if recipe.augmentation is None else replace(recipe.augmentation, crop="pad")
    return replace(
        recipe,
        batch_size=min(recipe.batch_size, SHORT_BATCH),
        optimiser="sgd",
        learning_rate=rate,
        schedule="steps",
        step_epochs=float(recipe.epochs),
        warmup_epochs=0.0,
        mixup=0.0,
        cutmix=0.0,
        ema=0.0,
        augmentation=augmentation,
        precision="32",
    )
