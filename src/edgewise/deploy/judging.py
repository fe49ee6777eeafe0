"""How well an artifact does, whatever its task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from edgewise.data import Split
from edgewise.deploy.artifact import ArtifactCard, read_artifact
from edgewise.deploy.scene_scoring import evaluate_scene_artifact
from edgewise.deploy.scoring import evaluate_artifact
from edgewise.training import DetectionEvaluation, Evaluation, SegmentationEvaluation

Scored = Evaluation | DetectionEvaluation | SegmentationEvaluation


class Way(TypedDict, total=False):
    """How an artifact is run: `runtime` ("onnxruntime"), `precision` ("fp32"), `threads` (1), with so many `workers`
    (0) that decode images; and its `card`, where that is known."""

    card: ArtifactCard | None
    runtime: str
    precision: str
    threads: int
    workers: int


def scored(path: Path, split: Split, *, keep_probabilities: bool = True, **way: Unpack[Way]) -> Scored:
    """What `evaluate_artifact`, or for boxes and masks `evaluate_scene_artifact`, finds. Raises `EdgewiseError` as they
    do."""
    card = way.get("card") or read_artifact(path)
    if card.task != "classify":
        return evaluate_scene_artifact(path, split, **{**way, "card": card})
    return evaluate_artifact(path, split, keep_probabilities=keep_probabilities, **{**way, "card": card})


def metrics_of(path: Path, split: Split, **way: Unpack[Way]) -> Mapping[str, float]:
    """The numbers of `scored` by name."""
    return scored(path, split, keep_probabilities=False, **way).metrics()
