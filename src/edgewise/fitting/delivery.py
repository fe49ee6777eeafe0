"""The winner delivered: model file, artifact, the artifact's agreement with torch, its accuracy and its latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.data import Dataset, Preprocessing, Split
from edgewise.deploy import ArtifactCard, Parity, compare, export_fastest, export_onnx, random_tensors, tensors_of
from edgewise.deploy.scoring import evaluate_artifact
from edgewise.devices import Budget, Latency, Verdict, measure
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.training import Evaluation
from edgewise.weights import ModelCard, Provenance, save_model

COMPARED = 64
"""How many validation images the artifact is compared with torch on."""


@dataclass(frozen=True, eq=False)
class Delivery:
    """The files and what is true of the artifact: scores on validation and test images, latency, and the budget."""

    model_file: Path
    artifact: Path
    card: ModelCard
    parity: Parity
    validation: Evaluation
    test: Evaluation
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
    reference: Architecture | None,
    *,
    threads: int,
    seconds: float,
    workers: int,
) -> Delivery:
    """Exports `network` into `folder` and measures the artifact there, beside the `reference` of a relative budget.

    Speed is measured only after the artifact has agreed with torch on real images; all accuracies are the artifact's.
    Raises `EdgewiseError` when they differ.
    """
    artifact = folder / "model.onnx"
    export_fastest(
        network.architecture,
        tensors_of(network),
        artifact,
        card=ArtifactCard(preprocessing, dataset.classes, dataset.multi_label),
        threads=threads,
    )
    parity = compare(
        artifact, network, some_pixels(dataset.splits["val"], preprocessing, COMPARED), preprocessing=preprocessing
    )
    validation = evaluate_artifact(artifact, dataset.splits["val"], workers=workers)
    test = evaluate_artifact(artifact, dataset.splits["test"], workers=workers)
    latency, beside = measure_beside(artifact, budget, reference, threads=threads, seconds=seconds)
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
        validation=validation,
        test=test,
        latency=latency,
        reference=beside,
        budget_ms=budget.limit_ms(beside),
        verdict=budget.verdict(latency, beside),
    )


def measure_beside(
    artifact: Path, budget: Budget, reference: Architecture | None, *, threads: int, seconds: float
) -> tuple[Latency, Latency | None]:
    """The artifact's latency, and that of the budget's reference measured in the same rounds."""
    with TemporaryDirectory() as folder:
        paths = {artifact.name: artifact}
        if reference is not None and budget.reference is not None:
            paths[budget.reference] = Path(folder) / "reference.onnx"
            export_onnx(reference, random_tensors(reference), paths[budget.reference])
        latencies = measure(paths, threads=threads, max_seconds=seconds)
    return latencies[0], latencies[1] if len(latencies) > 1 else None


def some_pixels(split: Split, preprocessing: Preprocessing, count: int) -> np.ndarray:
    """Up to `count` images of `split`, evenly drawn, uint8 `(N, height, width, 3)`."""
    indices = np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(int))
    return np.stack([preprocessing.resized(split.load(int(index))) for index in indices])


def worst_mistakes(test: Evaluation, split: Split, count: int) -> Sequence[tuple[int, int, int, float]]:
    """The `count` test images that were taken for something else with the most certainty: (index, true class,
    predicted class, probability)."""
    if test.probabilities is None or split.labels.ndim == 2 or len(test.probabilities) != len(split):
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
        "latency": delivery.latency.to_json(),
        "reference": delivery.reference.to_json() if delivery.reference else None,
        "budget_ms": delivery.budget_ms,
        "verdict": delivery.verdict.value,
    }
