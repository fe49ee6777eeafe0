"""NetAdapt (Yang et al., 2018) and its form in MobileNetV3 (section 4.2): a network made faster step by step, each
step narrowing whatever costs the least accuracy for what it gains."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.adapt import scores
from edgewise.adapt.contest import Contest
from edgewise.adapt.gauge import Gauge
from edgewise.adapt.pool import Pool
from edgewise.adapt.proposals import Proposal, Proposals
from edgewise.adapt.rules import Form, Outcome, least_cut, winner
from edgewise.adapt.spaces import Spaces
from edgewise.adapt.steps import Step, Steps, made_step, write_model
from edgewise.adapt.surgery import cut
from edgewise.deploy.tensors import tensors_of
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.training.recipe import Recipe
from edgewise.weights import ModelCard, load_model, read_card, save_model

Tell = Callable[[str], None]

CLOSE = 0.01
"""A latency within this share of the target has reached it."""

_TRIES = 3
_BESIDE = 4
_SMALLEST_STEP = 1e-3


@dataclass(frozen=True)
class Course:
    """How the steps are taken: the form, the target in ms, the quantum of widths, which channels go first."""

    form: Form
    target_ms: float
    quantum: int
    score: str = "magnitude"
    most_steps: int = 200


class NetAdapt:
    """The steps of one run, in its folder: `steps/00` holds the network to begin with, every other an accepted step's
    model file (`model.safetensors`) and what it was chosen from (`step.json`, `proposals.json`)."""

    def __init__(self, folder: Path, course: Course, gauge: Gauge, tell: Tell) -> None:
        self._folder, self._course, self._gauge, self._tell = folder, course, gauge, tell
        self.steps = Steps(folder)

    def begin(self, model: Path, accuracy: Callable[[str], float]) -> Step:
        """Step 0: the model file `model`, its latency, and its accuracy by `accuracy`, given the file's place."""
        kept = self.steps.kept(0)
        if kept is not None:
            return kept
        network, card = load_model(model)
        save_model(self.steps.model_file(0), network, card)
        ms = self._gauge.measured([card.architecture])[0]
        self._gauge.settle(card.architecture, ms)
        place = str(self.steps.model_file(0).relative_to(self._folder))
        return self.steps.keep(made_step(0, "as it was", card.architecture, ms, ms, 0.0, accuracy(place)))

    def run(self, pool: Pool, contest: Contest, seed: Step) -> list[Step]:
        """Steps until the target is reached or nothing can be narrower; all of them, `seed` first."""
        steps = [seed]
        while steps[-1].ms > self._course.target_ms * (1 + CLOSE) and len(steps) <= self._course.most_steps:
            made = self.steps.kept(len(steps)) or self._next(pool, contest, steps)
            if made is None:
                self._tell(f"nothing can be narrower: {steps[-1].ms:.3f} ms is the least there is")
                break
            steps.append(made)
            self._gauge.settle(read_card(self.steps.model_file(made.number)).architecture, made.ms)
            self._tell(
                f"step {made.number}: {made.name}; {made.ms:.3f} ms of {self._course.target_ms:.3f}, "
                f"{100 * made.accuracy:.2f}% on the holdout"
            )
        return steps

    def evenly(self, pool: Pool, contest: Contest, steps: Sequence[Step]) -> list[Outcome]:
        """What narrowing all spaces by the same share gives, at a few latencies on the way that `steps` took: the first
        network narrowed at once, and tuned for as many steps as the adaptation took in all."""
        home = self._folder / "evenly"
        path = home / "evenly.json"
        if path.exists():
            return [Outcome(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
        if len(steps) < 2:
            return []
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
            write_model(file, replace(card, architecture=smaller, metrics={}), sliced)
            files.append(str(file.relative_to(self._folder)))
        latencies = self._gauge.measured([one.architecture for one in found.values()])
        accuracies = contest.tuned(pool, files, contest.steps * (len(steps) - 1))
        outcomes = [
            Outcome("all narrowed alike", accuracies[file], ms)
            for file, ms in zip(files, latencies, strict=True)
            if file in accuracies
        ]
        write_text(path, json.dumps([asdict(one) for one in outcomes], indent=1))
        return outcomes

    def plan(self, current: Step) -> tuple[list[Proposal], float]:
        """The proposals of the step after `current`, and the least that they cut, in ms."""
        made = self._narrowings(current.number)[3]
        least = min(
            least_cut(self._course.form, self.steps.seed().ms, current.number + 1), current.ms - self._course.target_ms
        )
        smallest = _SMALLEST_STEP * self.steps.seed().ms
        while least > smallest:
            if found := made.below(current.ms - least):
                return found, least
            least /= 2
        return [], least

    def _next(self, pool: Pool, contest: Contest, steps: Sequence[Step]) -> Step | None:
        current = steps[-1]
        home = self._folder / "steps" / f"{current.number + 1:02}"
        proposals = self._proposed(home, current)
        if not proposals:
            return None
        least = proposals[0]["least_ms"]
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
        made = made_step(
            current.number + 1, best.name, card.architecture, best.ms, chosen["expected_ms"], least, best.accuracy, told
        )
        self.steps.keep(made)
        contest.clear(home)
        return made

    def _proposed(self, home: Path, current: Step) -> list[dict[str, Any]]:
        """The proposals of a step, measured, each with its model file; read where the folder has them."""
        path = home / "proposals.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        card, tensors, spaces, made = self._narrowings(current.number)
        proposals, least = self.plan(current)
        proposals, latencies = self._confirmed(proposals, current.ms - least, made)
        listed: list[dict[str, Any]] = []
        for number, (proposal, ms) in enumerate(zip(proposals, latencies, strict=True)):
            smaller, sliced = cut(card.architecture, tensors, spaces.labels, proposal.kept)
            file = home / "proposals" / f"{number:02}.safetensors"
            write_model(file, replace(card, architecture=smaller, metrics={}), sliced)
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
        order = _scores(self._course.score, spaces, tensors)
        return card, tensors, spaces, Proposals(spaces, order, self._gauge.expected, self._course.quantum)

    def _confirmed(
        self, proposals: list[Proposal], wanted: float, made: Proposals
    ) -> tuple[list[Proposal], list[float]]:
        """The proposals whose measured latency is at most `wanted`. Those that are slower get narrower, and are
        measured again; after a few tries what is fast enough is taken, or all where nothing is."""
        if not proposals or not self._gauge.here:
            return proposals, [one.ms for one in proposals]
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
        kept = list(good.values()) or list(slow.values())
        return [one for one, _ in kept], [ms for _, ms in kept]


def _first(proposal: Proposal) -> str:
    """Which space, or spaces, a proposal narrows."""
    return " ".join(sorted(proposal.widths))


def _scores(kind: str, spaces: Spaces, tensors: dict[str, np.ndarray]) -> np.ndarray:
    if kind == "magnitude":
        return scores.magnitude(spaces.labels, tensors)
    if kind == "norm_scale":
        return scores.norm_scale(spaces.labels, tensors)
    raise EdgewiseError(f"channels cannot be scored by {kind!r}; choose magnitude or norm_scale")


def short_recipe(recipe: Recipe, rate: float) -> Recipe:
    """The recipe of short fine-tunes: `recipe` at a constant low `rate`, with nothing that takes long to settle."""
    augmentation = None if recipe.augmentation is None else replace(recipe.augmentation, crop="pad")
    return replace(
        recipe,
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
