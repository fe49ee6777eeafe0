"""The winner delivered: model file, artifact, the artifact's agreement with torch, its accuracy and its latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.data import Dataset, Preprocessing, Split
from edgewise.deploy import (
    ArtifactCard,
    Parity,
    build,
    compare,
    export_fastest,
    read_artifact,
    tensors_of,
)
from edgewise.deploy.judging import Scored, scored
from edgewise.deploy.quantization.trials import Attempt, Subject
from edgewise.devices import Budget, Latency, Verdict
from edgewise.files import write_bytes
from edgewise.fitting.candidates import Tell
from edgewise.fitting.clocks import Clock, Timed
from edgewise.fitting.combinations import Combination
from edgewise.fitting.forms import CALIBRATION, choose_form
from edgewise.nn import Network
from edgewise.training import Evaluation
from edgewise.weights import ModelCard, Provenance, save_model

COMPARED = 64
"""How many validation images the artifact is compared with torch on."""


@dataclass(frozen=True, eq=False)
class Delivery:
    """The files and what is true of the artifact: scores on validation and test images, latency, and the budget.

    `form` says what it is: `fp32`, or how it was quantised, with its runtime and precision; `tried` are all that were
    judged. `parity` is of the floating-point artifact, which the others were made from.
    """

    model_file: Path
    artifact: Path
    card: ModelCard
    parity: Parity
    form: Attempt
    tried: tuple[Attempt, ...]
    validation: Scored
    test: Scored
    latency: Latency
    reference: Latency | None
    budget_ms: float
    verdict: Verdict


def deliver(
    folder: Path,
    network: Network,
    dataset: Dataset,
    preprocessing: Preprocessing,
    provenance: Provenance,
    budget: Budget,
    clock: Clock,
    reference: Timed | None,
    *,
    meant: Combination,
    threads: int,
    seconds: float,
    workers: int,
    tell: Tell,
) -> Delivery:
    """Exports `network` into `folder` in the fastest of the runtimes and precisions `clock` allows that holds its
    accuracy, timed beside the `reference` of a relative budget. `meant` is the one it was chosen in.

    Speed is measured only after the floating-point artifact has agreed with torch on real images; all accuracies are
    those of artifacts. Raises `EdgewiseError` when they differ.
    """
    artifact = folder / "model.onnx"
    tensors = tensors_of(network)
    card = ArtifactCard(preprocessing, dataset.classes, dataset.multi_label, task=dataset.task)
    with TemporaryDirectory() as name:
        scratch = Path(name)
        plain = scratch / "plain.onnx"
        if clock.device is None:
            export_fastest(network.architecture, tensors, plain, card=card, runtime=meant[0], threads=threads)
        else:
            # Which form is fastest here says nothing of another device, and its tables are of the plain one.
            plain = build(network.architecture, tensors, scratch, "plain", runtime=meant[0], card=card)
        pixels = some_pixels(dataset.splits["val"], preprocessing, COMPARED)
        parity = compare(plain, network, pixels, preprocessing=preprocessing, runtime=meant[0])
        chosen = choose_form(
            Subject(plain, read_artifact(plain), network.architecture, tensors),
            dataset,
            calibration_images(dataset, preprocessing),
            budget,
            clock,
            reference,
            scratch,
            threads=threads,
            seconds=seconds,
            workers=workers,
            tell=tell,
        )
        write_bytes(artifact, chosen.artifact.read_bytes())
    form, latency, beside = chosen.attempt, chosen.latency, chosen.reference
    validation, test = (
        scored(artifact, dataset.splits[split], runtime=form.runtime, precision=form.precision, workers=workers)
        for split in ("val", "test")
    )
    metrics = {f"val_{name}": value for name, value in validation.metrics().items()}
    metrics |= {f"test_{name}": value for name, value in test.metrics().items()}
    card = ModelCard(
        architecture=network.architecture,
        preprocessing=preprocessing,
        classes=dataset.classes,
        multi_label=dataset.multi_label,
        metrics=metrics,
        provenance=provenance,
    )
    model_file = folder / "model.safetensors"
    save_model(model_file, network, card)
    return Delivery(
        model_file=model_file,
        artifact=artifact,
        card=card,
        parity=parity,
        form=form,
        tried=chosen.attempts,
        validation=validation,
        test=test,
        latency=latency,
        reference=beside,
        budget_ms=budget.limit_ms(beside),
        verdict=budget.verdict(latency, beside),
    )


def calibration_images(dataset: Dataset, preprocessing: Preprocessing) -> np.ndarray:
    """Training images that the ranges of quantised values are found on, normalised float32 `(N, C, H, W)`."""
    pixels = some_pixels(dataset.splits["train"], preprocessing, CALIBRATION)
    return np.stack([preprocessing.normalised(image) for image in pixels])


def some_pixels(split: Split, preprocessing: Preprocessing, count: int) -> np.ndarray:
    """Up to `count` images of `split`, evenly drawn, uint8 `(N, height, width, 3)`."""
    indices = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(int))
    return np.stack([preprocessing.resized(split.load(int(index))) for index in indices])


def worst_mistakes(test: Scored, split: Split, count: int) -> Sequence[tuple[int, int, int, float]]:
    """The `count` test images that were taken for something else with the most certainty: (index, true class,
    predicted class, probability)."""
    if not isinstance(test, Evaluation) or test.probabilities is None:
        return []
    if split.labels.ndim == 2 or len(test.probabilities) != len(split):
        return []
    predicted = test.probabilities.argmax(1)
    certainty = test.probabilities.max(1)
    wrong = np.flatnonzero(predicted != split.labels)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")][:count]
    return [(int(i), int(split.labels[i]), int(predicted[i]), float(certainty[i])) for i in worst]


def delivery_facts(delivery: Delivery) -> dict[str, object]:
    """The delivery as JSON's types, for the run's record."""
    return {
        "model_file": delivery.model_file.name,
        "artifact": delivery.artifact.name,
        "architecture": delivery.card.architecture.to_dict(),
        "metrics": dict(delivery.card.metrics),
        "parity": asdict(delivery.parity),
        "form": delivery.form.to_json(),
        "tried": [one.to_json() for one in delivery.tried],
        "latency": delivery.latency.to_json(),
        "reference": delivery.reference.to_json() if delivery.reference else None,
        "budget_ms": delivery.budget_ms,
        "verdict": delivery.verdict.value,
    }
