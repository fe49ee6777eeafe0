"""What networks are scored by, whatever their task."""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from edgewise.blocks import Task
from edgewise.data import Split
from edgewise.data.scenes.annotations import BoxAnnotations, MaskAnnotations
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.training.scene_scores import DetectionScores, SegmentationScores
from edgewise.training.scores import Scores


class Measured(Protocol):
    """What scoring gives."""

    def metrics(self) -> dict[str, float]:
        """The single numbers by name."""
        ...


Found = TypeVar("Found", bound=Measured, covariant=True)


class Scoring(Protocol[Found]):
    """Takes batches in and says how well a network does."""

    def see(self, network: nn.Module, images: Tensor, targets: Tensor) -> None:
        """Takes in what `network` says of images (N, 3, H, W), beside their targets."""
        ...

    def compute(self) -> Found: ...


def task_of(split: Split) -> Task:
    """What the split is for: what its annotations are."""
    match split.annotations:
        case BoxAnnotations():
            return "detect"
        case MaskAnnotations():
            return "segment"
        case _:
            return "classify"


def scoring_for(split: Split, network: nn.Module, classes: int, device: torch.device) -> Scoring[Measured]:
    """The scores of `network` on `split`. Raises `EdgewiseError` where boxes are wanted of a module that is no
    `Network`."""
    match task_of(split):
        case "detect":
            if not isinstance(network, Network):
                raise EdgewiseError("only an edgewise Network, which knows its anchors, can be scored on boxes")
            return DetectionScores(network.architecture)
        case "segment":
            return SegmentationScores(classes, device)
        case "classify":
            return Scores(classes, multi_label=split.labels.ndim == 2, device=device)
