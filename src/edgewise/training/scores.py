"""How well a network does on a split: counted exactly, over all devices, each image once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric, Metric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MultilabelAveragePrecision,
    MultilabelExactMatch,
)
from torchmetrics.utilities import dim_zero_cat

from edgewise.blocks import Task


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of a network on N images of K classes.

    Attributes:
        loss: mean cross-entropy (binary cross-entropy for several labels), in nats, without label smoothing.
        accuracy: share of images whose class is predicted; for several labels, whose whole set of labels is, at a
            probability of one half.
        top5: share of images whose class is among the five most probable; None with five classes or fewer, or for
            several labels.
        per_class: (K,) recall of each class, NaN where it has no image; for several labels its average precision.
        confusion: (K, K) counts, rows are true classes and columns predicted ones; None for several labels.
        mean_average_precision: mean of the average precision over classes that occur; None for one label.
        map_at_k: mean over images of the average precision among the `k` best-ranked classes; None for one label.
        probabilities: (N, K) in the split's order; None where they were not asked for.
    """

    loss: float
    accuracy: float
    top5: float | None
    per_class: np.ndarray
    confusion: np.ndarray | None
    mean_average_precision: float | None
    map_at_k: float | None
    probabilities: np.ndarray | None

    def metrics(self) -> dict[str, float]:
        """The single numbers by name, as they stand in a run's history; without those the images leave undefined."""
        names = ("loss", "accuracy", "top5", "mean_average_precision", "map_at_k")
        found = {name: getattr(self, name) for name in names}
        return {name: float(value) for name, value in found.items() if value is not None and not math.isnan(value)}


class MeanAveragePrecisionAtK(Metric):
    """The mean over images of the average precision of the `k` best-ranked classes, for several labels per image.

    For one image: the sum over the ranks r ≤ k that hold a true label of the share of true labels among the first r,
    divided by min(k, its number of labels). Images without a label are left out. This is MAP@k as Xception's JFT
    experiment reports it with k = 100 (Chollet 2017, section 4.1), without that benchmark's private class weights.
    """

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, scores: Tensor, targets: Tensor) -> None:
        """Takes in scores (N, K) and labels (N, K) of zeros and ones."""
        k = min(self.k, scores.shape[1])
        hits = targets.gather(1, scores.topk(k, dim=1).indices).double()
        precision = hits.cumsum(1) / torch.arange(1, k + 1, device=hits.device)
        labels = targets.sum(1)
        labelled = labels > 0
        averages = (precision * hits).sum(1)[labelled] / labels[labelled].clamp(max=k)
        self.total += averages.sum()
        self.count += labelled.sum()

    def compute(self) -> Tensor:
        """The mean so far; NaN before any labelled image."""
        return self.total / self.count


class _AveragePrecisions(MultilabelAveragePrecision):
    """The average precision of each class, (K,), NaN for a class that no image has."""

    def compute(self) -> Tensor:
        labels = dim_zero_cat(self.target)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="No positive samples found", category=UserWarning)
            values = super().compute()
        return torch.where(labels.sum(0) > 0, values, torch.nan)


class Scores:
    """Takes batches of logits in and gives an `Evaluation`.

    Where `torch.distributed` runs, `compute` joins all processes (each must call it, and each image must have been
    given to one process only); `probabilities` stay this process's own.
    """

    def __init__(
        self, classes: int, *, multi_label: bool, device: torch.device, k: int = 100, keep_probabilities: bool = False
    ) -> None:
        if multi_label:
            metrics: dict[str, Metric | MetricCollection] = {
                "accuracy": MultilabelExactMatch(classes, validate_args=False),
                "per_class": _AveragePrecisions(classes, average="none", validate_args=False),
                "map_at_k": MeanAveragePrecisionAtK(k),
            }
        else:
            metrics = {"confusion": MulticlassConfusionMatrix(classes, validate_args=False)}
            if classes > 5:
                metrics["top5"] = MulticlassAccuracy(classes, top_k=5, average="micro", validate_args=False)
        self._metrics = MetricCollection(metrics, compute_groups=False).to(device)
        self._loss = MeanMetric(nan_strategy="disable").to(device)
        self._multi_label = multi_label
        self._probabilities: list[Tensor] | None = [] if keep_probabilities else None

    def see(self, network: nn.Module, images: Tensor, targets: Tensor) -> None:
        """Takes in what `network` says of images (N, 3, H, W), beside their targets."""
        self.update(network(images), targets)

    def update(self, logits: Tensor, targets: Tensor) -> None:
        """Takes in logits (N, K) and targets: classes (N,), or labels (N, K) of zeros and ones."""
        logits = logits.float()
        probabilities = logits.sigmoid() if self._multi_label else logits.softmax(1)
        if self._multi_label:
            loss = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)
            self._metrics.update(probabilities, targets.long())
        else:
            loss = functional.cross_entropy(logits, targets, reduction="none")
            self._metrics.update(logits, targets)
        self._loss.update(loss)
        if self._probabilities is not None:
            self._probabilities.append(probabilities.cpu())

    def compute(self) -> Evaluation:
        """The scores of everything taken in."""
        values = {name: value.cpu().numpy() for name, value in self._metrics.compute().items()}
        kept = None if self._probabilities is None else torch.cat(self._probabilities).numpy()
        loss = float(self._loss.compute())
        if self._multi_label:
            per_class = values["per_class"].astype(np.float64)
            occurring = per_class[~np.isnan(per_class)]
            mean = float(occurring.mean()) if occurring.size else float("nan")
            map_at_k = float(values["map_at_k"])
            return Evaluation(loss, float(values["accuracy"]), None, per_class, None, mean, map_at_k, kept)
        confusion = values["confusion"].astype(np.int64)
        images = confusion.sum(axis=1)
        per_class = np.full(len(images), np.nan)
        np.divide(confusion.diagonal(), images, out=per_class, where=images > 0)
        top5 = float(values["top5"]) if "top5" in values else None
        accuracy = float(confusion.trace() / images.sum())
        return Evaluation(loss, accuracy, top5, per_class, confusion, None, None, kept)


def score_name(task: Task, *, multi_label: bool = False) -> str:
    """What the number of `score_of` is called."""
    names: Mapping[Task, str] = {"classify": "accuracy", "detect": "mAP", "segment": "mean IoU"}
    return "mean average precision" if multi_label and task == "classify" else names[task]


def score_of(metrics: Mapping[str, float]) -> float:
    """The number that candidates are compared by: accuracy, or mean average precision for several labels (accuracy
    where no image has any); COCO's mean average precision for boxes, the mean intersection over union for pixels."""
    names = ("mean_average_precision", "accuracy", "map", "mean_iou")
    return next((metrics[name] for name in names if name in metrics), 0.0)
