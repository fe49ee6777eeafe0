"""Training networks by recipes, and scoring them.

Recipes are plain data and import at once; what needs torch or Lightning is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgewise.training.recipe import Recipe

if TYPE_CHECKING:
    from edgewise.training.checkpoints import EpochRecord
    from edgewise.training.classify import Classify
    from edgewise.training.detect import Detect
    from edgewise.training.evaluation import evaluate, evaluate_scenes
    from edgewise.training.optimisers import TensorFlowRMSprop
    from edgewise.training.precision import PrecisionChoice, choose_precision
    from edgewise.training.progress import Progress
    from edgewise.training.scene_scores import DetectionEvaluation, SegmentationEvaluation
    from edgewise.training.scores import Evaluation
    from edgewise.training.segment import Segment
    from edgewise.training.trainer import TrainResult, train

_HOMES = {
    "Classify": "classify",
    "Detect": "detect",
    "DetectionEvaluation": "scene_scores",
    "EpochRecord": "checkpoints",
    "Evaluation": "scores",
    "PrecisionChoice": "precision",
    "Segment": "segment",
    "SegmentationEvaluation": "scene_scores",
    "Progress": "progress",
    "TensorFlowRMSprop": "optimisers",
    "TrainResult": "trainer",
    "choose_precision": "precision",
    "evaluate": "evaluation",
    "evaluate_scenes": "evaluation",
    "train": "trainer",
}

__all__ = [
    "Classify",
    "Detect",
    "DetectionEvaluation",
    "EpochRecord",
    "Evaluation",
    "PrecisionChoice",
    "Progress",
    "Recipe",
    "Segment",
    "SegmentationEvaluation",
    "TensorFlowRMSprop",
    "TrainResult",
    "choose_precision",
    "evaluate",
    "evaluate_scenes",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
