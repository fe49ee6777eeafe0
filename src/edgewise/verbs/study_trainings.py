"""The runs of a study: every variant trained from every seed, as many at a time as there are workers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.studies import Study, Variant
from edgewise.tasks import Pool, Task, Tell
from edgewise.verbs.study_run import Run, Training

if TYPE_CHECKING:
    from edgewise.data import Dataset, Preprocessing
    from edgewise.training import Recipe

MODULE = "edgewise.verbs.study_worker"

_SMALLEST = 8
"""Pixels that an input may go down to."""


@dataclass(frozen=True, eq=False)
class Trainings:
    """The runs of a study in its folder: what is done is kept, and what is half done goes on."""

    folder: RunFolder
    study: Study
    dataset: Dataset
    epochs: int
    width: float | None
    size: int | None
    workers: int
    say: Tell

    @cached_property
    def variants(self) -> Mapping[str, Variant]:
        return self.study.variants()

    @cached_property
    def pixels(self) -> int:
        from edgewise.data.statistics import statistics

        return self.size or statistics(self.dataset.splits["train"]).size

    def architecture(self, variant: Variant) -> Architecture:
        """At the study's width and size. A smaller input keeps the strides of the whole one, which else cost more."""
        width = self.study.width if self.width is None else self.width
        made = variant.architecture.scaled(width).with_classes(len(self.dataset.classes)).with_input(self.pixels)
        if variant.scale == 1:
            return made
        side = max(_SMALLEST, round(variant.scale * self.pixels))
        return replace(made, input=(made.input[0], side, side))

    def runs(self, seeds: int) -> dict[str, dict[int, Run]]:
        """The runs of all variants, by variant and seed. Raises `EdgewiseError` where one cannot be trained."""
        # Seed by seed: a study that is stopped early has as many of each.
        wanted = {(name, seed): self._training(name, seed) for seed in range(seeds) for name in self.variants}
        # Variants that are the same network have one run, which is called by the first of them.
        first = {one.key: f"{name}, seed {seed}" for (name, seed), one in reversed(wanted.items())}
        trainings = {first[one.key]: one for one in wanted.values()}
        tasks = {label: Task(one.to_json(), one.out) for label, one in trainings.items()}
        began = time.monotonic()

        def told(label: str, left: int) -> None:
            from edgewise.training.progress import clock

            made = Run.read(self.folder.path / trainings[label].out)
            each = (time.monotonic() - began) / (len(missing) - left)
            rest = f"; about {clock(each * left)} left" if left else ""
            self.say(f"{label}: {100 * made.accuracy:.2f}% in {made.seconds:.0f} s{rest}")

        with Pool(self.folder.path, self.workers, self.say, module=MODULE) as pool:
            missing = pool.missing(tasks)
            done = pool.run(tasks, told)
        lost = [label for label in tasks if label not in done]
        if lost:
            raise EdgewiseError(f"{lost[0]} could not be trained: see above; the other runs are kept")
        found: dict[str, dict[int, Run]] = {name: {} for name in self.variants}
        for (name, seed), training in wanted.items():
            found[name][seed] = self._formed(name, seed, training)
        return found

    def _formed(self, name: str, seed: int, training: Training) -> Run:
        """The run of a variant that is trained, scored in the variant's form."""
        trained = Run.read(self.folder.path / training.out)
        form = self.variants[name].form
        if form == "float":
            return trained
        from edgewise.verbs.study_forms import int8_accuracy

        def quantised() -> Run:
            self.say(f"{name}, seed {seed}: quantising")
            model = training.model(self.folder.path)
            return replace(trained, accuracy=int8_accuracy(model, self.dataset, tuned=form == "int8 tuned"))

        stage = f"{form.replace(' ', '-')}-{training.key}"
        return self.folder.stage(stage, quantised, asdict, lambda kept: Run(**{**kept, "curve": tuple(kept["curve"])}))

    def _training(self, name: str, seed: int) -> Training:
        architecture = self.architecture(self.variants[name])
        return Training(architecture, replace(self._recipe, seed=seed), self._preprocessing(architecture))

    @cached_property
    def _recipe(self) -> Recipe:
        """In the precision in which the base trains faster, which is measured once: variants are trained alike."""
        from edgewise.fitting.halving import default_recipe, with_epochs
        from edgewise.nn import Network
        from edgewise.training import choose_precision
        from edgewise.training.processes import pick_device
        from edgewise.training.threads import one_thread

        flip = self.dataset.source != "digits"
        recipe = with_epochs(default_recipe(self.dataset, self.pixels, seed=0, flip=flip), self.epochs, "auto")

        def chosen() -> str:
            base = self.architecture(next(iter(self.variants.values())))
            _, height, width = base.input
            with one_thread():  # as workers have
                choice = choose_precision(Network(base), recipe, height=height, width=width, device=pick_device("auto"))
            self.say(f"training steps of the base: {choice.reason}")
            return choice.precision

        precision = self.folder.stage(
            "precision", chosen, lambda one: {"precision": one}, lambda kept: kept["precision"]
        )
        return replace(recipe, precision=precision)

    def _preprocessing(self, architecture: Architecture) -> Preprocessing:
        from edgewise.data.statistics import preprocessing_for, statistics

        _, height, width = architecture.input
        made = preprocessing_for(self.pixels, statistics(self.dataset.splits["train"]))
        return replace(made, height=height, width=width)
