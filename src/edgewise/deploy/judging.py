"""How well an artifact does, whatever its task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.data import Split
from edgewise.deploy.artifact import ArtifactCard, read_artifact
from edgewise.deploy.scene_scoring import evaluate_scene_artifact
from edgewise.deploy.scoring import evaluate_artifact
from edgewise.training import DetectionEvaluation, Evaluation, SegmentationEvaluation

Scored = Evaluation | DetectionEvaluation | SegmentationEvaluation


def scored(
    path: Path,
    split: Split,
    *,
    card: ArtifactCard | None = None,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    workers: int = 0,
    keep_probabilities: bool = True,
) -> Scored:
    """What `evaluate_artifact`, or for boxes and masks `evaluate_scene_artifact`, finds. Raises `EdgewiseError` as they
    do."""
    card = card or read_artifact(path)
    how = {"card": card, "runtime": runtime, "precision": precision, "threads": threads, "workers": workers}
    if card.task != "classify":
        return evaluate_scene_artifact(path, split, **how)
    return evaluate_artifact(path, split, keep_probabilities=keep_probabilities, **how)


def metrics_of(
    path: Path,
    split: Split,
    *,
    card: ArtifactCard | None = None,
    runtime: str = "onnxruntime",
    precision: str = "fp32",
    threads: int = 1,
    workers: int = 0,
) -> Mapping[str, float]:
    """The numbers of `scored` by name."""
    how = {"card": card, "runtime": runtime, "precision": precision, "threads": threads, "workers": workers}
    return scored(path, split, keep_probabilities=False, **how).metrics()
