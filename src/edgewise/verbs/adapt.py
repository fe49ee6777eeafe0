"""`adapt`: a trained network made to fit a latency budget, losing as little accuracy as possible."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgewise.adapt.contest import Contest
from edgewise.adapt.gauge import Expecting, Gauge, Measuring, quantum_of
from edgewise.adapt.netadapt import CLOSE, Course, NetAdapt, short_recipe
from edgewise.adapt.pool import Pool
from edgewise.adapt.proposals import Proposal
from edgewise.adapt.rules import Outcome, form_of
from edgewise.adapt.steps import Step
from edgewise.adapt.tuning import write_cache
from edgewise.data import Dataset, open_dataset
from edgewise.data.stratify import stratified
from edgewise.deploy import ArtifactCard, export_fastest, tensors_of
from edgewise.devices import Budget, describe_machine, installed_runtime
from edgewise.devices.prediction import Setting
from edgewise.devices.prediction.table import LatencyTable, tables_of
from edgewise.devices.profile import DeviceProfile
from edgewise.errors import BudgetError, EdgewiseError
from edgewise.explain.adapt_report import AdaptReport, ShownStep, adapt_report
from edgewise.files import write_text
from edgewise.fitting.halving import default_recipe, with_epochs
from edgewise.nn import Network
from edgewise.run_folder import RunFolder
from edgewise.training import Recipe, evaluate, train
from edgewise.verbs.checks import at_least, cores, decoding_workers, described
from edgewise.verbs.resolve import existing, is_model_file
from edgewise.version import VERSION
from edgewise.weights import ModelCard, Provenance, load_model, read_card, save_model

HOLDOUT, MOST_HELD_OUT = 0.1, 2000
"""The share of the training images that proposals are judged on, and the most images it may be."""

SHORT_RATE = 0.01
"""The learning rate of short fine-tunes."""

TABLE = "device.json"
_SELF = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*[x×]\s*")

Tell = Callable[[str], None]


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
    metrics: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "model_file": str(self.model_file),
            "artifact": str(self.artifact),
            "seed_ms": self.seed_ms,
            "ms": self.ms,
            "target_ms": self.target_ms,
            "metrics": self.metrics,
            "steps": [step.to_json() for step in self.steps],
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """What the first step could be: its proposals, without any training."""

    seed_ms: float
    target_ms: float
    least_ms: float
    proposals: tuple[Proposal, ...]


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
    short: int = 60,
    epochs: int | None = None,
    scratch: bool = False,
    workers: int | None = None,
    storage: str | None = None,
    plan: bool = False,
    flip: bool | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    root: Path | None = None,
    command: str = "edgewise.adapt(...)",
    progress: bool = True,
    tell: Tell | None = None,
) -> Adapted | Plan:
    """Narrows the model file `model` until it keeps `budget`, then trains it once more; writes everything into `out`.

    `budget` is a latency (`5ms`) or a share of the model's own (`0.7x`), in `runtime` and `precision` on `threads`
    threads, measured here or, with the profile `device`, predicted for another device. Widths become multiples of
    `quantum`, by default what a short sweep finds. `form` is `netadapt` or `mobilenet_v3` (see `adapt.rules`); channels
    leave by `score` (`magnitude`, `norm_scale`). Every proposal is tuned for up to `short` steps and judged on images
    held out of the training split; the end is `epochs` of fine-tuning, or from `scratch`. `workers` processes work on
    proposals here; with `storage`, an Optuna URL, others may join by `python -m edgewise.adapt.worker`. `plan` shows
    the first step's proposals and trains nothing. The same call on the same folder goes on where it was.

    Raises `EdgewiseError` for a model, data or options that cannot be used, and `BudgetError` where nothing narrower is
    fast enough; the narrowest is written all the same.
    """
    say: Tell = tell or (lambda text: None)
    at_least(1, {"threads": threads, "quantum": quantum, "short": short, "epochs": epochs, "workers": workers})
    chosen_form = form_of(form)
    if not is_model_file(model):
        raise EdgewiseError(
            f"{model} has no weights to start from; train it first with `edgewise train`, and adapt that"
        )
    file = existing(model, "model file")
    card = read_card(file)
    dataset = open_dataset(data, seed=seed, skip_bad=skip_bad, root=root)
    if dataset.classes != card.classes:
        raise EdgewiseError(
            f"{file} tells {len(card.classes)} classes apart and {dataset.source} has {len(dataset.classes)}, or "
            "others; adapt on the data it was trained for"
        )
    share, milliseconds = _parsed(budget)
    asked = {
        "model": _digest(file),
        "data": dataset.digest,
        "budget": budget,
        "form": form,
        "score": score,
        "runtime": runtime,
        "precision": precision,
        "threads": threads,
        "device": None if device is None else _digest(existing(device, "device profile")),
        "quantum": quantum,
        "short": short,
        "epochs": epochs,
        "scratch": scratch,
        "seed": seed,
    }
    with RunFolder(Path(out), asked) as folder:
        say(described(dataset) + f"; adapting {card.architecture.name}")
        gauge, step = _gauge(folder.path, card, runtime, precision, threads, device, quantum, say)
        flips = dataset.source != "digits" if flip is None else flip
        recipe = default_recipe(dataset, card.architecture.input[1], seed=seed, flip=flips)
        held_out = _cached(folder.path, dataset, card, seed)
        contest = Contest(folder.path, "cache", short_recipe(recipe, SHORT_RATE), short)
        with Pool(folder.path, workers or cores(), say, storage) as pool:
            course = Course(chosen_form, 0.0, step, score)
            adapting = NetAdapt(folder.path, course, gauge, say)
            first = adapting.begin(file, lambda place: contest.judged(pool, place))
            target = milliseconds if milliseconds is not None else (share or 1.0) * first.ms
            say(f"{card.architecture.name} takes {first.ms:.3f} ms, {100 * first.accuracy:.2f}% on the holdout")
            adapting = NetAdapt(folder.path, replace(course, target_ms=target), gauge, say)
            gauge.settle(card.architecture, first.ms)
            if plan:
                proposals, least = adapting.plan(first) if first.ms > target else ([], 0.0)
                return Plan(first.ms, target, least, tuple(proposals))
            steps = adapting.run(pool, contest, first)
            beside = adapting.evenly(pool, contest, steps)
        last, last_card = load_model(adapting.steps.model_file(steps[-1].number))
        final = _recipe(recipe, epochs, scratch)
        if scratch:
            last = Network(last_card.architecture, seed=seed)
        if len(steps) > 1:
            say(f"training {'from scratch' if scratch else 'once more'}, {final.epochs} epochs")
            train(
                last,
                dataset,
                final,
                folder.path / "training",
                preprocessing=card.preprocessing,
                workers=decoding_workers(None),
                progress=progress,
            )
        made = replace(
            last_card,
            architecture=replace(last_card.architecture, name=f"{card.architecture.name}_adapted"),
            metrics={
                f"{split}_{name}": value
                for split in ("val", "test")
                for name, value in evaluate(last, dataset.splits[split], card.preprocessing).metrics().items()
            },
            provenance=Provenance(data=dataset.source, data_digest=dataset.digest, seed=seed, command=command),
        )
        model_file, artifact = folder.path / "model.safetensors", folder.path / "model.onnx"
        save_model(model_file, last, made)
        export_fastest(
            made.architecture,
            tensors_of(last),
            artifact,
            card=ArtifactCard(made.preprocessing, made.classes, made.multi_label),
            threads=threads,
        )
        seed_ms, ms = gauge.measured([card.architecture, made.architecture])
        result = Adapted(folder.path, model_file, artifact, made, tuple(steps), seed_ms, ms, target, dict(made.metrics))
        write_text(folder.path / "adapt.json", json.dumps({"command": command, **result.to_json()}, indent=1) + "\n")
        write_text(folder.path / "report.html", adapt_report(_report(result, beside, held_out, dataset, budget, asked)))
    if steps[-1].ms > target * (1 + CLOSE):
        raise BudgetError(
            f"nothing narrower than {ms:.3f} ms keeps {budget} ({target:.3f} ms); {model_file} is the narrowest; start "
            "from a smaller network"
        )
    return result


def _report(
    made: Adapted, beside: Sequence[Outcome], held_out: int, dataset: Dataset, budget: str, asked: Mapping[str, Any]
) -> AdaptReport:
    """The run's page."""
    outcome = {
        "latency": f"{made.ms:.3f} ms, {made.ms / made.seed_ms:.2f} times what it was",
        "budget": f"{made.target_ms:.3f} ms",
        **{f"accuracy, {split}": f"{100 * made.metrics[name]:.2f}%" for split, name in _shown(made.metrics).items()},
    }
    return AdaptReport(
        title=f"{made.card.architecture.name} for {dataset.source} within {budget}",
        command=made.card.provenance.command,
        outcome=outcome,
        target_ms=made.target_ms,
        images=held_out,
        steps=[
            ShownStep(one.number, one.name, one.ms, one.accuracy, one.multiply_adds, one.parameters)
            for one in made.steps
        ],
        beside=[(one.ms, one.accuracy) for one in beside],
        provenance={**{name: value for name, value in asked.items() if value is not None}, **_in_words()},
    )


def _shown(metrics: Mapping[str, float]) -> dict[str, str]:
    kinds = ("mean_average_precision", "accuracy")
    return {
        split: next(f"{split}_{kind}" for kind in kinds if f"{split}_{kind}" in metrics) for split in ("val", "test")
    }


def _in_words() -> dict[str, object]:
    machine = describe_machine().to_json()
    return {"machine": f"{machine['cpu']}, {machine['cores']} cores", "edgewise": VERSION}


def _parsed(budget: str) -> tuple[float | None, float | None]:
    """A share of the model's own latency, or ms."""
    if match := _SELF.fullmatch(budget):
        share = float(match[1])
        if not 0 < share < 1:
            raise EdgewiseError(f"a budget of {budget} narrows nothing; give a share below 1, such as 0.7x")
        return share, None
    with suppress(EdgewiseError):
        parsed = Budget.parse(budget)
        if parsed.milliseconds is not None:
            return None, parsed.milliseconds
    raise EdgewiseError(
        f"the budget {budget!r} is not one; write a time such as 5ms, or a share of the model's own: 0.7x"
    )


def _gauge(
    folder: Path,
    card: ModelCard,
    runtime: str,
    precision: str,
    threads: int,
    device: Path | None,
    quantum: int | None,
    say: Tell,
) -> tuple[Gauge, int]:
    """Where latencies come from, and the quantum of widths."""
    if device is not None:
        profile = DeviceProfile.read(device)
        table = _table(profile, runtime, precision, threads)
        return Expecting(table), quantum or profile.quantum(runtime, precision) or 8
    version = installed_runtime(runtime).version()
    path = folder / TABLE
    found = quantum or quantum_of(path, runtime, precision)
    if found is None:
        from edgewise.profiling import Setting as Probed
        from edgewise.profiling import measure_quantum, sweeps

        say(f"finding the channel quantum of {runtime} {precision}")
        probes = folder / "probes"
        swept = measure_quantum("pointwise", sweeps("pointwise", 30.0), Probed(runtime, precision, probes), 8.0)
        DeviceProfile.opened(path, describe_machine()).with_entry(swept).write(path)
        found = swept.channels
    say(f"widths are multiples of {found}")
    return Measuring(card.architecture, Setting(runtime, version, precision, threads), path, found, say), found


def _table(profile: DeviceProfile, runtime: str, precision: str, threads: int) -> LatencyTable:
    tables = tables_of(profile)
    for one in tables:
        if (one.setting.runtime, one.setting.precision, one.setting.threads) == (runtime, precision, threads):
            return one
    have = "; ".join(str(one.setting) for one in tables) or "none at all"
    raise EdgewiseError(
        f"the device profile has no latency table for {runtime} {precision}, {threads} threads; it has {have}"
    )


def _cached(folder: Path, dataset: Dataset, card: ModelCard, seed: int) -> int:
    """Decodes the training images, and those held out of them, for all workers; returns how many are held out."""
    split = dataset.splits["train"]
    share = min(HOLDOUT, MOST_HELD_OUT / len(split))
    if split.labels.ndim == 2:
        labels = [row.nonzero()[0].tolist() for row in split.labels]
    else:
        labels = [[int(label)] for label in split.labels]
    parts = stratified(labels, {"holdout": share}, seed)
    places = {part: [index for index, one in enumerate(parts) if one == part] for part in ("train", "holdout")}
    if not places["holdout"]:
        raise EdgewiseError(f"{dataset.source} has too few training images to hold some out; add images")
    write_cache(folder / "cache", {part: split.take(own) for part, own in places.items()}, card.preprocessing)
    return len(places["holdout"])


def _recipe(recipe: Recipe, epochs: int | None, scratch: bool) -> Recipe:
    """The last training: the usual recipe from scratch, and a third of it at a gentle rate from what is there."""
    if scratch:
        return recipe if epochs is None else with_epochs(recipe, epochs, recipe.precision)
    from edgewise.verbs.train import GENTLE

    gentle = replace(recipe, learning_rate=GENTLE * recipe.learning_rate)
    return with_epochs(gentle, epochs or max(1, recipe.epochs // 3), recipe.precision)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
