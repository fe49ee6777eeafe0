"""`study`: a paper's ablation, trained alike on the user's data, with what the paper says and whether it was seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.explaining.study_report import StudyReport, VariantSummary, study_report
from edgewise.files import write_text
from edgewise.own_file import only_one
from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.studies import STUDIES, Outcome, Study, Variant, interval, judged
from edgewise.verbs.checks import at_least, decoding_workers, described

if TYPE_CHECKING:
    from edgewise.data import Dataset, Preprocessing
    from edgewise.training import Recipe

SEEDS, EPOCHS = 3, 10
"""How many runs of each variant, and how long, unless the user says."""

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


@dataclass(frozen=True)
class Measured:
    """A variant as it was trained, and its runs by seed."""

    architecture: Architecture
    runs: Mapping[int, Run]

    @property
    def accuracies(self) -> list[float]:
        """On the test images, by seed."""
        return [run.accuracy for run in self.runs.values()]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of their mean."""
        return interval(self.accuracies)


@dataclass(frozen=True)
class Studied:
    """A study that is done: its variants by name, what the paper says and whether it was seen, and the page."""

    study: Study
    variants: Mapping[str, Measured]
    outcomes: tuple[Outcome, ...]
    report: Path

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "source": self.study.source,
            "variants": {
                name: {
                    "digest": one.architecture.digest,
                    "input": list(one.architecture.input),
                    "multiply_adds": count(one.architecture).multiply_adds,
                    "parameters": count(one.architecture).parameters,
                    "interval": one.interval,
                    "runs": {str(seed): asdict(run) for seed, run in one.runs.items()},
                }
                for name, one in self.variants.items()
            },
            "outcomes": [
                {**asdict(one.claim), "difference": one.difference, "interval": one.interval, "seen": one.seen}
                for one in self.outcomes
            ],
        }


def find_study(name: str) -> Study:
    """The study called `name`, or in the Python file of that name. Raises `EdgewiseError` with the nearest name when
    there is none, and for a file without exactly one study."""
    if name in STUDIES:
        return STUDIES[name]
    if name.endswith(".py"):
        return only_one(Path(name), Study, STUDIES.values(), word="study", plural="studies")
    near = get_close_matches(name, STUDIES, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(STUDIES)}"
    raise EdgewiseError(f"there is no study '{name}'; {hint}")


def study(
    name: str,
    data: str | Path = "digits",
    *,
    out: str | Path | None = None,
    seeds: int = SEEDS,
    epochs: int = EPOCHS,
    images: int | None = None,
    width: float | None = None,
    size: int | None = None,
    root: Path | None = None,
    skip_bad: bool = False,
    workers: int | None = None,
    command: str = "edgewise.study(...)",
    tell: Tell | None = None,
) -> Studied:
    """Trains the variants of the study `name` alike on `data`, from the same `seeds` seeds, for `epochs` epochs, and
    says of every claim of its paper whether it was seen. A name that ends in `.py` is a file with a `Study` in it.

    `images` takes so many of the training images, `width` another multiplier than the study's own, `size` other pixels
    than the images' own. `out`, by default `runs/study/NAME`, gets `report.html`, `study.json` and a model file of
    every run; the same call on the same folder goes on where it was, and may ask for more seeds.

    Raises `EdgewiseError` for a study, data or options that cannot be used.
    """
    say: Tell = tell or (lambda text: None)
    found = find_study(name)
    at_least(1, {"seeds": seeds, "epochs": epochs, "images": images, "input": size})
    from edgewise.data import open_dataset

    dataset = open_dataset(data, skip_bad=skip_bad, root=root)
    if dataset.task != "classify" or dataset.multi_label:
        raise EdgewiseError(f"{dataset.source} is not of images with one class each, which studies are trained on")
    dataset = _part(dataset, images)
    asked = {
        "verb": "study",
        "study": name,
        "data": dataset.digest,
        "epochs": epochs,
        "images": images,
        "width": width,
        "input": size,
    }
    folder = Path(out) if out is not None else Path("runs") / "study" / found.name
    with RunFolder(folder, asked) as run:
        trainings = _Trainings(run, found, dataset, epochs, width, size, decoding_workers(workers), say)
        say(f"{described(dataset)}; {found.question}")
        variants = found.variants()
        measured: dict[str, dict[int, Run]] = {name: {} for name in variants}
        # Seed by seed: a study that is stopped early has as many of each.
        for seed in range(seeds):
            for key, variant in variants.items():
                measured[key][seed] = trainings.run(key, variant, seed)
        done = {key: Measured(trainings.architecture(one), measured[key]) for key, one in variants.items()}
        accuracies = {key: {seed: one.accuracy for seed, one in runs.items()} for key, runs in measured.items()}
        outcomes = tuple(judged(claim, accuracies) for claim in found.claims)
        made = Studied(found, done, outcomes, folder / "report.html")
        write_text(folder / "study.json", json.dumps(made.to_json(), indent=1, allow_nan=False) + "\n")
        write_text(made.report, study_report(_shown(made, dataset, epochs, command)))
    return made


def _part(dataset: Dataset, images: int | None) -> Dataset:
    """The dataset with so many of its training images, evenly from everywhere: they lie by class."""
    train = dataset.splits["train"]
    if images is None or images >= len(train):
        return dataset
    chosen = np.unique(np.linspace(0, len(train) - 1, images).astype(int)).tolist()
    return replace(dataset, splits={**dataset.splits, "train": train.take(chosen)})


@dataclass(frozen=True, eq=False)
class _Trainings:
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


def _shown(made: Studied, dataset: Dataset, epochs: int, command: str) -> StudyReport:
    """What the page shows."""
    return StudyReport(
        question=made.study.question,
        source=made.study.source,
        variants=[
            VariantSummary(
                name,
                count(one.architecture).multiply_adds,
                count(one.architecture).parameters,
                one.accuracies,
                [run.curve for run in one.runs.values()],
                one.interval,
            )
            for name, one in made.variants.items()
        ],
        outcomes=[(one.claim.says, one.difference, one.interval, one.claim.margin, one.seen) for one in made.outcomes],
        facts={"data": described(dataset), "epochs": epochs, "seeds": len(next(iter(made.variants.values())).runs)},
        command=command,
    )
