"""Training a network to find boxes: SSD's loss (Liu et al., 2015, section 2.2)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.data.scenes.variation import LABEL, UNSCORED
from edgewise.detection import anchor_boxes
from edgewise.detection.coding import CENTRE, SIZE, corners
from edgewise.nn import Network
from edgewise.training.image_task import ImageTask
from edgewise.training.matching import UNUSED, matched
from edgewise.training.recipe import Recipe

NEGATIVES = 3
"""Anchors of background that count, for each that stands for a box: those with the largest loss."""


class Detect(ImageTask):
    """Images (N, 3, H, W) to scores (N, A, 1 + K) and distances (N, A, 4); targets are boxes float32 (N, M, 6).

    The loss is the smooth L1 of distances and the cross-entropy of classes with hard negatives, over the number of
    anchors that stand for a box.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, *, classes: int, steps_per_epoch: int, first_step: int = 0
    ) -> None:
        super().__init__(network, recipe, classes=classes, steps_per_epoch=steps_per_epoch, first_step=first_step)
        anchors = anchor_boxes(cast("Network", network).architecture)
        self.register_buffer("anchors", torch.from_numpy(anchors), persistent=False)
        self.register_buffer("anchor_corners", torch.from_numpy(corners(anchors)), persistent=False)

    def batch_loss(self, images: Tensor, targets: Tensor) -> Tensor:
        outputs = cast("Network", self.network).forward_outputs(images)
        return self.loss(outputs["output"].float(), outputs["boxes"].float(), targets)

    def loss(self, scores: Tensor, distances: Tensor, targets: Tensor) -> Tensor:
        """Of scores `(N, A, 1 + K)`, distances `(N, A, 4)` and boxes `(N, M, 6)`."""
        anchors, around = cast("Tensor", self.anchors), cast("Tensor", self.anchor_corners)
        classes = torch.zeros(scores.shape[:2], dtype=torch.int64, device=scores.device)
        positive = torch.zeros_like(classes, dtype=torch.bool)
        unused = torch.zeros_like(positive)
        wanted = torch.zeros_like(distances)
        for place, rows in enumerate(targets):
            things = rows[rows[:, LABEL] >= 0]
            found = matched(around, things[:, :4], things[:, UNSCORED] > 0)
            mine = found >= 0
            positive[place], unused[place] = mine, found == UNUSED
            of_anchor = things[found[mine]]
            classes[place, mine] = 1 + of_anchor[:, LABEL].long()
            wanted[place, mine] = encoded(of_anchor[:, :4], anchors[mine])
        count = positive.sum().clamp(min=1)
        of_boxes = functional.smooth_l1_loss(distances[positive], wanted[positive], reduction="sum")
        of_classes = functional.cross_entropy(scores.flatten(0, 1), classes.flatten(), reduction="none")
        of_classes = of_classes.view_as(classes)
        chosen = positive | _hardest(of_classes.detach(), positive, unused)
        return (of_boxes + of_classes[chosen].sum()) / count


def _hardest(losses: Tensor, positive: Tensor, unused: Tensor) -> Tensor:
    """bool `(N, A)`: in every image the negatives with the largest loss, `NEGATIVES` for each positive anchor; as many
    as for one where there is none."""
    candidates = losses.masked_fill(positive | unused, -torch.inf)
    ranks = candidates.argsort(1, descending=True).argsort(1)
    counts = NEGATIVES * positive.sum(1, keepdim=True).clamp(min=1)
    return (ranks < counts) & candidates.isfinite()


def encoded(boxes: Tensor, anchors: Tensor) -> Tensor:
    """`edgewise.detection.coding.encoded` on tensors."""
    size = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + size / 2
    return torch.cat([CENTRE * (centre - anchors[:, :2]) / anchors[:, 2:], SIZE * torch.log(size / anchors[:, 2:])], 1)
