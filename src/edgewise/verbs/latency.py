"""`device table` and `device predict`: latencies of networks that nobody measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.devices import DeviceProfile
from edgewise.devices.prediction import LatencyTable, Prediction, Predictor, Setting
from edgewise.devices.prediction.predictor import FEWEST, Accuracy
from edgewise.devices.prediction.table import tables_of
from edgewise.devices.runtimes import check_precision, installed_runtime
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling.filling import ROUNDS, Progress, check_tracing, fill
from edgewise.profiling.samples import zoo_sample
from edgewise.verbs.checks import at_least
from edgewise.verbs.resolve import architecture_of, is_model_file


@dataclass(frozen=True)
class Predicted:
    """The latency predicted for one model, which takes `(C, H, W)` images, in one setting."""

    model: str
    input: tuple[int, int, int]
    setting: Setting
    latency: Prediction


@dataclass(frozen=True)
class Predictions:
    """Predictions by setting and model; how far predictions of left-out networks were off in each setting; a sentence
    for each setting that has too little to predict from, and where predictions are of networks unlike the table's."""

    profile: DeviceProfile
    predicted: tuple[Predicted, ...]
    accuracies: dict[Setting, Accuracy]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "machine": dict(self.profile.machine),
            "settings": [asdict(setting) | asdict(one) for setting, one in self.accuracies.items()],
            "predictions": [
                {"model": one.model, "input": one.input} | asdict(one.setting) | asdict(one.latency)
                for one in self.predicted
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Filled:
    """A latency table that was filled, and how far predictions of left-out networks are off."""

    path: Path
    table: LatencyTable
    accuracy: Accuracy


def predict_latency(
    profile: str | Path,
    models: Sequence[str | Path | Architecture],
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
) -> Predictions:
    """The latency of every model on the device of `profile`, in every setting (runtime, precision, threads) it has a
    latency table of. `width`, `size` and `classes` are for names and architectures; a model file is as it is.

    Raises `EdgewiseError` where the profile is damaged or has no table to predict from, or a model is unknown.
    """
    path = Path(profile)
    found = DeviceProfile.read(path)
    changed = any(one is not None for one in (width, size, classes))
    notes: list[str] = []
    named: list[tuple[str, Architecture]] = []
    for model in dict.fromkeys(models):
        if _is_settled(model):
            architecture = architecture_of(model)
            if changed:
                notes.append(f"{model} is predicted as it is; width, input and classes are for names")
        else:
            architecture = architecture_of(model, width=width, size=size, classes=classes)
        named.append((_name(model, architecture), architecture))
    tables = tables_of(found)
    if not tables:
        raise EdgewiseError(f"{path} has no latency table; measure one with: edgewise device table {path}")
    predicted: list[Predicted] = []
    lacking: list[str] = []
    accuracies: dict[Setting, Accuracy] = {}
    for table in tables:
        try:
            predictor = Predictor(table)
        except EdgewiseError as error:
            lacking.append(str(error))
            continue
        accuracies[table.setting] = predictor.accuracy
        found_here = [Predicted(name, one.input, table.setting, predictor.predict(one)) for name, one in named]
        predicted += found_here
        if beyond := [one.model for one in found_here if one.latency.beyond]:
            notes.append(
                f"{', '.join(beyond)}: mostly estimated, and unlike what the table of {table.setting} knows, "
                f"{predictor.reach}; its error was measured there"
            )
    if not accuracies:
        raise EdgewiseError("; ".join(lacking))
    return Predictions(found, tuple(predicted), accuracies, (*lacking, *notes))


def fill_table(
    profile: str | Path,
    *,
    size: int = 224,
    classes: int = 1000,
    networks: int = 50,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    rounds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Filled:
    """Measures `networks` of those that `fit` considers for images of `size` pixels and `classes` classes on this
    machine, in `rounds` rounds, into the latency table of its `profile`. `seed` draws the networks.

    What is measured is kept; the same call goes on where it was stopped. Raises `EdgewiseError` for fewer networks than
    predicting takes, where the profile is of another machine, or the runtime is not installed, lacks the precision,
    cannot be traced or fails.
    """
    at_least(1, {"input": size, "classes": classes, "threads": threads, "rounds": rounds})
    at_least(FEWEST, {"networks": networks})
    check_tracing(runtime)
    check_precision(installed_runtime(runtime), precision)
    path = Path(profile)
    sample = zoo_sample(size, classes, networks, seed)
    table = fill(
        path,
        sample,
        runtime=runtime,
        precision=precision,
        threads=threads,
        rounds=rounds or ROUNDS,
        progress=progress,
    )
    return Filled(path, table, Predictor(table).accuracy)


def _is_settled(model: str | Path | Architecture) -> bool:
    """Whether it is a model file, which was trained at its width, for its images and classes."""
    return not isinstance(model, Architecture) and is_model_file(model)


def _name(model: str | Path | Architecture, architecture: Architecture) -> str:
    """What its rows are called: a file by its path, which tells it from others, a name with its width."""
    named = isinstance(model, Architecture) or (Path(model).suffix != ".json" and not _is_settled(model))
    return architecture.name if named else str(model)
