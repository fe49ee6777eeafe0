"""`adapt`: a trained network made to fit a latency budget, losing as little accuracy as possible."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgewise.adapting.adaptation import SHORT, Adaptation, Plan
from edgewise.adapting.netadapt import CLOSE, Course
from edgewise.adapting.ranking import score_named
from edgewise.adapting.rules import form_of
from edgewise.adapting.steps import Step
from edgewise.adapting.versions import random_versions
from edgewise.data import Dataset, open_dataset
from edgewise.deploy import build, compare, export_fastest, tensors_of
from edgewise.deploy.artifact import artifact_card
from edgewise.deploy.judging import metrics_of
from edgewise.devices import INTEGER_PRECISIONS, Budget, installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.runtimes import check_precision
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.files import file_digest
from edgewise.fitting.adaptation_report import RECORD, write_adaptation
from edgewise.fitting.delivery import COMPARED, calibration_images, some_pixels
from edgewise.fitting.detector_gauge import with_what_follows
from edgewise.fitting.halving import default_recipe, once_more, with_epochs
from edgewise.nn import Network
from edgewise.papers import names
from edgewise.profiling.filling import check_tracing
from edgewise.profiling.gauge import Gauge
from edgewise.profiling.gauge_for import gauge_for, quantum_for
from edgewise.run_folder import RunFolder
from edgewise.tasks import Queue, Tell
from edgewise.training import Recipe
from edgewise.training.scores import score_name
from edgewise.verbs.checks import at_least, cores, decoding_workers, described
from edgewise.verbs.resolve import existing, is_model_file
from edgewise.verbs.scenes import without_flip
from edgewise.weights import ModelCard, Provenance, load_model, read_card, save_model

_LATER = ("budget", "form", "score", "short", "epochs", "scratch", "flip")
"""What a plan leaves open: the latency table that it fills serves them all."""

_SELF = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*[x×]\s*")


@dataclass(frozen=True, eq=False)
class Adapted:
    """What came of it: all steps, the finished model and its artifact, its latency beside that of the network it began
    with (ms, in one measurement where the device is here), and its scores."""

    folder: Path
    model_file: Path
    artifact: Path
    card: ModelCard
    steps: tuple[Step, ...]
    seed_ms: float
    ms: float
    target_ms: float
    metrics: Mapping[str, float]

    @property
    def kept(self) -> bool:
        """Whether the last measurement is within the budget, or as close as two of them may differ."""
        return self.ms <= self.target_ms * (1 + CLOSE)

    @classmethod
    def read(cls, folder: Path) -> Adapted:
        """The finished run in `folder`. Raises `EdgewiseError` where its record is damaged."""
        path = folder / RECORD
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                folder,
                folder / content["model_file"],
                folder / content["artifact"],
                read_card(folder / content["model_file"]),
                tuple(Step.from_json(one) for one in content["steps"]),
                content["seed_ms"],
                content["ms"],
                content["target_ms"],
                content["metrics"],
            )
        except (ValueError, LookupError, TypeError) as error:
            raise EdgewiseError(f"{path} cannot be used ({error}); delete {folder} to begin the run again") from None

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "model_file": str(self.model_file),
            "artifact": str(self.artifact),
            "seed_ms": self.seed_ms,
            "ms": self.ms,
            "target_ms": self.target_ms,
            "kept": self.kept,
            "metrics": dict(self.metrics),
            "steps": [step.to_json() for step in self.steps],
        }


def adapt(
    model: str | Path,
    data: str | Path,
    budget: str,
    *,
    out: str | Path = "runs/adapt",
    form: str = "netadapt",
    score: str = "magnitude",
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    device: Path | None = None,
    quantum: int | None = None,
    short: int = SHORT,
    epochs: int | None = None,
    scratch: bool = False,
    workers: int | None = None,
    storage: str | None = None,
    plan: bool = False,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    ignored: tuple[int, ...] = (),
    command: str = "edgewise.adapt(...)",
    progress: bool = True,
    tell: Tell | None = None,
) -> Adapted | Plan:
    """Narrows the model file `model` until it keeps `budget`, then trains it once more; writes everything into `out`.

    `budget` is a latency (`5ms`) or a share of the model's own (`0.7x`), in `runtime` and `precision` on `threads`
    threads, measured here or, with the profile `device`, predicted for another device. Widths become multiples of
    `quantum`, by default what a short sweep finds. `form` is `netadapt` or `mobilenet_v3` (see `adapting.rules`);
    channels leave by `score` (`adapting.ranking`). Every proposal is tuned for up to `short` steps and judged on
    images held out of the training split; the end is `epochs` of fine-tuning (by default a third of what the recipe
    `quick` has), or from `scratch`. `flip` mirrors training images at random, by default all but digits. `workers`
    processes work on proposals here; with `storage`, an Optuna URL, others may join by `python -m
    edgewise.adapting.worker`.
    Boxes are judged by COCO's mean average precision and take the time of decoding and suppression too, as they do
    inside an artifact; masks by the mean intersection over union, `ignored` being values of them that are nobody's.
    `plan` shows the first step's proposals and trains nothing; the run may then have another budget or other training.
    The same call on the same folder goes on where it was.

    Raises `EdgewiseError` for a model, data or options that cannot be used, and `BudgetError` where its narrowest
    version is too slow, before anything is trained, or where the steps end above the budget all the same.
    """
    say: Tell = tell or (lambda text: None)
    at_least(1, {"threads": threads, "quantum": quantum, "short": short, "epochs": epochs, "workers": workers})
    chosen_form, chosen_score = form_of(form), score_named(score)
    check_precision(installed_runtime(runtime), precision)  # the artifact is judged in it, whatever device it is for
    check_tracing(runtime)
    file = _trained(model)
    card = read_card(file)
    task = card.architecture.task
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root, task=task, ignored=ignored)
    if dataset.classes != card.classes:
        raise EdgewiseError(
            f"{file} tells {len(card.classes)} classes apart and {dataset.source} has {len(dataset.classes)}, or "
            "others; adapt on the data it was trained for"
        )
    share, milliseconds = _parsed(budget)
    asked = {
        "verb": "adapt",
        "model": file_digest(file),
        "data": dataset.digest,
        "budget": budget,
        "form": form,
        "score": score,
        "runtime": runtime,
        "precision": precision,
        "threads": threads,
        "device": None if device is None else file_digest(existing(device, "device profile")),
        "quantum": quantum,
        "short": short,
        "epochs": epochs,
        "scratch": scratch,
        "flip": flip,
        "seed": seed,
        **({"ignored": list(ignored)} if ignored else {}),
    }
    with RunFolder(Path(out), asked, planned=plan, later=_LATER) as folder:
        if (folder.path / RECORD).exists() and not plan:
            say(f"{folder.path} is finished; here is what it gave")
            return _judged(Adapted.read(folder.path), budget)
        say(described(dataset) + f"; adapting {card.architecture.name}")
        if storage:  # what is wrong with it is said before anything is measured
            Queue(folder.path, storage)
        step = quantum or quantum_for(folder.path, runtime, precision, device=device, tell=say)
        gauge = _gauge(folder, file, dataset, Setting(runtime, None, precision, threads), device, step, say)
        flips = dataset.source != "digits" and not without_flip(dataset) if flip is None else flip
        recipe = default_recipe(dataset, card.architecture.input[1], seed=seed, flip=flips)
        measure = score_name(task, multi_label=dataset.multi_label)
        course = Course(chosen_form, step, chosen_score, measure)
        adaptation = Adaptation(
            folder.path, file, dataset, gauge, course, recipe, short, workers or cores(), say, storage
        )

        def target(ms: float) -> float:
            return milliseconds if milliseconds is not None else (share or 1.0) * ms

        if plan:
            return adaptation.plan(target)
        found = adaptation.narrowed(target)
        last, made, _ = adaptation.finished(
            found,
            _whole(recipe, epochs) if scratch else once_more(recipe, epochs),
            scratch=scratch,
            workers=decoding_workers(None),
            progress=progress,
        )
        say("exporting, and comparing the artifact with the network")
        provenance = Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=command)
        made = replace(made, provenance=provenance)
        artifact = _exported(folder.path, last, made, dataset, runtime, precision, threads)
        scores = {
            split: metrics_of(artifact, dataset.splits[split], runtime=runtime, precision=precision)
            for split in ("val", "test")
        }
        made = replace(
            made, metrics={f"{split}_{name}": value for split, one in scores.items() for name, value in one.items()}
        )
        model_file = folder.path / "model.safetensors"
        save_model(model_file, last, made)
        seed_ms = ms = found.steps[0].ms
        if len(found.steps) > 1:
            seed_ms, ms = gauge.measured([card.architecture, made.architecture])
        outcome = {
            "model_file": model_file.name,
            "artifact": artifact.name,
            "quantum": step,
            "seed_ms": seed_ms,
            "ms": ms,
            "metrics": dict(made.metrics),
        }
        title = f"{made.architecture.name} for {dataset.source} within {budget}"
        named = {**asked, "model": str(file), "data": dataset.source, "flip": flips}
        named["device"] = None if device is None else str(device)
        write_adaptation(folder.path, found, title=title, command=command, limit="budget", outcome=outcome, asked=named)
    return _judged(Adapted.read(folder.path), budget)


def _gauge(
    folder: RunFolder, model: Path, dataset: Dataset, setting: Setting, device: Path | None, quantum: int, tell: Tell
) -> Gauge:
    """What the network of `model` and narrower ones take; of detectors with what follows them."""
    architecture = read_card(model).architecture
    gauge = gauge_for(
        folder.path,
        architecture,
        setting.runtime,
        setting.precision,
        setting.threads,
        device=device,
        others=lambda: random_versions(architecture, quantum),
        tell=tell,
    )
    return with_what_follows(
        gauge,
        architecture,
        lambda: tensors_of(load_model(model)[0]),
        dataset,
        read_card(model).preprocessing,
        setting,
        folder,
        tell,
    )


def _judged(made: Adapted, budget: str) -> Adapted:
    """The result, if it keeps the budget. Raises `BudgetError` if it does not."""
    if not made.kept:
        raise BudgetError(
            f"{made.model_file} takes {made.ms:.3f} ms and misses {budget} ({made.target_ms:.3f} ms); give a tighter "
            "budget, or start from a smaller network"
        )
    return made


def _exported(
    folder: Path, network: Network, card: ModelCard, dataset: Dataset, runtime: str, precision: str, threads: int
) -> Path:
    """The artifact for `runtime` and `precision`, made of one that gives what the network gives on real images."""
    tensors = tensors_of(network)
    inside = artifact_card(card)
    plain = folder / "model.onnx"
    export_fastest(card.architecture, tensors, plain, card=inside, runtime=runtime, threads=threads)
    pixels = some_pixels(dataset.splits["val"], card.preprocessing, COMPARED)
    compare(plain, network, pixels, preprocessing=card.preprocessing, runtime=runtime)
    if precision not in INTEGER_PRECISIONS:
        return plain
    images = calibration_images(dataset, card.preprocessing)
    quantised = folder / "model.int8.onnx"
    quantised.unlink(missing_ok=True)  # an earlier call's, of other weights perhaps
    return build(
        card.architecture, tensors, folder, "model", runtime=runtime, precision=precision, card=inside, images=images
    )


def _trained(model: str | Path) -> Path:
    """The model file that `model` names. Raises `EdgewiseError` for anything else, saying what it is."""
    if is_model_file(model):
        return existing(model, "model file")
    if str(model) in names():
        raise EdgewiseError(
            f"{model} has no weights to start from; train it first with `edgewise train`, and adapt that"
        )
    if Path(model).exists():
        raise EdgewiseError(f"{model} is no model file; what training writes is, and ends in .safetensors")
    raise EdgewiseError(f"there is no model file {model}; give the one that `edgewise train` has written")


def _parsed(budget: str) -> tuple[float | None, float | None]:
    """A share of the model's own latency, or ms."""
    if match := _SELF.fullmatch(budget):
        share = float(match[1])
        if not 0 < share < 1:
            raise EdgewiseError(f"a budget of {budget} is no goal; give a share between 0 and 1, such as 0.7x")
        return share, None
    with suppress(EdgewiseError):
        parsed = Budget.parse(budget)
        if parsed.milliseconds is not None:
            return None, parsed.milliseconds
    raise EdgewiseError(
        f"the budget {budget!r} is not one; write a time such as 5ms, or a share of the model's own: 0.7x"
    )


def _whole(recipe: Recipe, epochs: int | None) -> Recipe:
    return recipe if epochs is None else with_epochs(recipe, epochs, recipe.precision)
