"""`study`: a paper's ablation, trained alike on the user's data, with what the paper says and whether it was seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.explaining.study_report import StudyReport, VariantSummary, study_report
from edgewise.files import write_text
from edgewise.own_file import only_one
from edgewise.papers import Architecture
from edgewise.run_folder import RunFolder
from edgewise.studies import STUDIES, Outcome, Study, interval, judged
from edgewise.tasks import Tell
from edgewise.verbs.checks import at_least, cores, described
from edgewise.verbs.study_data import StudyData
from edgewise.verbs.study_run import Run
from edgewise.verbs.study_trainings import Trainings

if TYPE_CHECKING:
    from edgewise.data import Dataset

SEEDS, EPOCHS = 3, 10
"""How many runs of each variant, and how long, unless the user says."""


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
    than the images' own. `workers` runs are trained at a time, by default one on each core. `out`, by default
    `runs/study/NAME`, gets `report.html`, `study.json` and a model file of every run; the same call on the same folder
    goes on where it was, and may ask for more seeds.

    Raises `EdgewiseError` for a study, data or options that cannot be used.
    """
    say: Tell = tell or (lambda text: None)
    found = find_study(name)
    at_least(1, {"seeds": seeds, "epochs": epochs, "images": images, "input": size, "workers": workers})
    named = StudyData(str(data), None if root is None else str(root), skip_bad, images)
    dataset = named.opened()
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
        named.write(folder)
        trainings = Trainings(run, found, dataset, epochs, width, size, workers or cores(), say)
        say(f"{described(dataset)}; {found.question}")
        measured = trainings.runs(seeds)
        done = {key: Measured(trainings.architecture(one), measured[key]) for key, one in trainings.variants.items()}
        accuracies = {key: {seed: one.accuracy for seed, one in runs.items()} for key, runs in measured.items()}
        outcomes = tuple(judged(claim, accuracies) for claim in found.claims)
        made = Studied(found, done, outcomes, folder / "report.html")
        write_text(folder / "study.json", json.dumps(made.to_json(), indent=1, allow_nan=False) + "\n")
        write_text(made.report, study_report(_shown(made, dataset, epochs, command)))
    return made


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
