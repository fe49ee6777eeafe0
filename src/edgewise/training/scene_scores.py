"""How well boxes are found, and pixels told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassConfusionMatrix

from edgewise.data.scenes.annotations import IGNORED
from edgewise.data.scenes.variation import LABEL, UNSCORED
from edgewise.detection import Detections, Selection, anchor_boxes, selected
from edgewise.nn import Network
from edgewise.papers.architecture import Architecture


@dataclass(frozen=True, eq=False)
class DetectionEvaluation:
    """The scores of a detector, by COCO's rules.

    map: mean average precision over classes and overlaps of 0.5, 0.55 … 0.95; map50: at an overlap of 0.5.
    per_class: (K,) average precision over the overlaps, NaN for a class without boxes.
    """

    map: float
    map50: float
    per_class: np.ndarray

    def metrics(self) -> dict[str, float]:
        """The single numbers by name."""
        return {"map": self.map, "map50": self.map50}


@dataclass(frozen=True, eq=False)
class SegmentationEvaluation:
    """The scores of a segmentation network, over the pixels that are somebody's.

    loss: mean cross-entropy of a pixel, in nats.
    mean_iou: mean over classes of the intersection of true and predicted pixels over their union.
    per_class: (K,) that ratio by class, NaN where there are neither; confusion: (K, K), rows are true classes.
    """

    loss: float
    mean_iou: float
    pixel_accuracy: float
    per_class: np.ndarray
    confusion: np.ndarray

    def metrics(self) -> dict[str, float]:
        """The single numbers by name."""
        return {"loss": self.loss, "mean_iou": self.mean_iou, "pixel_accuracy": self.pixel_accuracy}


class DetectionScores:
    """Takes batches of raw outputs and boxes in, and gives a `DetectionEvaluation` (torchmetrics, with COCO's own rules
    in faster-coco-eval)."""

    def __init__(self, architecture: Architecture, selection: Selection | None = None) -> None:
        from torchmetrics.detection import MeanAveragePrecision

        self._anchors = anchor_boxes(architecture)
        self._size = torch.tensor(architecture.input[1:]).flip(0).repeat(2)
        self._classes = architecture.classes
        self._selection = selection or Selection()
        self._metric = MeanAveragePrecision(class_metrics=True, backend="faster_coco_eval")
        self._metric.warn_on_many_detections = False

    def see(self, network: nn.Module, images: Tensor, targets: Tensor) -> None:
        """Takes in what `network` says of images (N, 3, H, W), beside boxes (N, M, 6)."""
        outputs = cast("Network", network).forward_outputs(images)
        self.update(outputs["output"], outputs["boxes"], targets)

    def update(self, scores: Tensor, distances: Tensor, targets: Tensor) -> None:
        """Takes in raw scores (N, A, 1 + K), distances (N, A, 4) and boxes (N, M, 6)."""
        parts = zip(scores.float().cpu().numpy(), distances.float().cpu().numpy(), strict=True)
        found = [selected(one, boxes, self._anchors, self._selection) for one, boxes in parts]
        self.add(found, targets.cpu())

    def add(self, found: list[Detections], targets: Tensor) -> None:
        """Takes in what was found in every image."""
        predictions = [
            {
                "boxes": torch.from_numpy(one.boxes) * self._size,
                "scores": torch.from_numpy(one.scores),
                "labels": torch.from_numpy(one.labels),
            }
            for one in found
        ]
        truths: list[dict[str, Tensor]] = []
        for rows in targets:
            things = rows[rows[:, LABEL] >= 0]
            truths.append(
                {
                    "boxes": things[:, :4] * self._size,
                    "labels": things[:, LABEL].long(),
                    "iscrowd": things[:, UNSCORED].long(),
                }
            )
        self._metric.update(predictions, truths)

    def compute(self) -> DetectionEvaluation:
        """The scores of everything taken in."""
        values = self._metric.compute()
        per_class = np.full(self._classes, np.nan)
        labels = np.atleast_1d(values["classes"].numpy())
        shares = np.atleast_1d(values["map_per_class"].numpy())
        for label, share in zip(labels, shares, strict=False):
            per_class[int(label)] = share if share >= 0 else np.nan
        return DetectionEvaluation(max(0.0, float(values["map"])), max(0.0, float(values["map_50"])), per_class)


class SegmentationScores:
    """Takes batches of class scores and masks in, and gives a `SegmentationEvaluation`."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self._confusion = MulticlassConfusionMatrix(classes, ignore_index=IGNORED, validate_args=False).to(device)
        self._loss = MeanMetric(nan_strategy="disable").to(device)

    def see(self, network: nn.Module, images: Tensor, targets: Tensor) -> None:
        """Takes in what `network` says of images (N, 3, H, W), beside masks (N, H, W)."""
        self.update(network(images), targets)

    def update(self, scores: Tensor, targets: Tensor) -> None:
        """Takes in class scores (N, K, H, W) and masks (N, H, W)."""
        scores, targets = scores.float(), targets.long()
        pixels = (targets != IGNORED).sum()
        loss = functional.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="sum")
        if pixels:
            self._loss.update(loss / pixels, pixels)
        self._confusion.update(scores.argmax(1), targets)

    def compute(self) -> SegmentationEvaluation:
        """The scores of everything taken in."""
        confusion = self._confusion.compute().cpu().numpy().astype(np.int64)
        right = confusion.diagonal()
        union = confusion.sum(0) + confusion.sum(1) - right
        per_class = np.full(len(right), np.nan)
        np.divide(right, union, out=per_class, where=union > 0)
        return SegmentationEvaluation(
            float(self._loss.compute()),
            float(np.nanmean(per_class)),
            float(right.sum() / max(1, confusion.sum())),
            per_class,
            confusion,
        )
