"""The runs of a study: every variant trained from every seed, each kept as it comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.studies import Study, Variant

if TYPE_CHECKING:
    from edgewise.data import Dataset, Preprocessing
    from edgewise.training import Recipe

_SMALLEST = 8
"""Pixels that an input may go down to."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One variant trained from one seed: its accuracy on the test images, on the validation images after every epoch,
    and the seconds it took."""

    accuracy: float
    curve: tuple[float | None, ...]
    seconds: float


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

    def run(self, name: str, variant: Variant, seed: int) -> Run:
        """The run of a variant from a seed."""
        architecture = self.architecture(variant)
        key = f"{architecture.digest[:16]}-{seed}"
        trained = self._kept(f"trained-{key}", lambda: self._trained(f"{name}, seed {seed}", architecture, seed, key))
        if variant.form == "float":
            return trained
        from edgewise.verbs.study_forms import int8_accuracy

        model = self.folder.path / "models" / f"{key}.safetensors"

        def quantised() -> Run:
            self.say(f"{name}, seed {seed}: quantising")
            accuracy = int8_accuracy(model, self.dataset, tuned=variant.form == "int8 tuned", workers=self.workers)
            return replace(trained, accuracy=accuracy)

        return self._kept(f"{variant.form.replace(' ', '-')}-{key}", quantised)

    def _kept(self, stage: str, make: Callable[[], Run]) -> Run:
        return self.folder.stage(stage, make, asdict, lambda kept: Run(**{**kept, "curve": tuple(kept["curve"])}))

    def _trained(self, label: str, architecture: Architecture, seed: int, key: str) -> Run:
        from edgewise.nn import Network
        from edgewise.training import evaluate
        from edgewise.training import train as train_network
        from edgewise.weights import ModelCard, Provenance, save_model

        network = Network(architecture, seed=seed)
        place = self.folder.path / "training" / key
        preprocessing = self._preprocessing(architecture)
        recipe = self._recipe(architecture, seed)
        trained = train_network(
            network, self.dataset, recipe, place, preprocessing=preprocessing, workers=self.workers, progress=False
        )
        scores = evaluate(network, self.dataset.splits["test"], preprocessing, workers=self.workers)
        accuracy = scores.metrics()["accuracy"]
        card = ModelCard(
            architecture=architecture,
            preprocessing=preprocessing,
            classes=self.dataset.classes,
            multi_label=False,
            metrics={"test_accuracy": accuracy},
            provenance=Provenance(data=self.dataset.source, data_digest=self.dataset.digest, seed=seed),
        )
        save_model(self.folder.path / "models" / f"{key}.safetensors", network, card)
        shutil.rmtree(place, ignore_errors=True)
        self.say(f"{label}: {100 * accuracy:.2f}% in {trained.seconds:.0f} s")
        curve = tuple(record.metrics.get("accuracy") for record in trained.history)
        return Run(accuracy, curve, round(trained.seconds, 1))

    def _recipe(self, architecture: Architecture, seed: int) -> Recipe:
        from edgewise.fitting.halving import default_recipe, with_epochs

        flip = self.dataset.source != "digits"
        return with_epochs(default_recipe(self.dataset, self.pixels, seed=seed, flip=flip), self.epochs, "auto")

    def _preprocessing(self, architecture: Architecture) -> Preprocessing:
        from edgewise.data.statistics import preprocessing_for, statistics

        _, height, width = architecture.input
        made = preprocessing_for(self.pixels, statistics(self.dataset.splits["train"]))
        return replace(made, height=height, width=width)
