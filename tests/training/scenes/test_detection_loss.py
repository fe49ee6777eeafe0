"""SSD's matching and loss, against torchvision's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor
from torchvision.ops import box_iou

from edgewise.data.scenes.variation import FIELDS, LABEL, NO_BOX, UNSCORED
from edgewise.detection import anchor_boxes
from edgewise.detection.coding import corners
from edgewise.nn import Network
from edgewise.papers import find
from edgewise.training import Detect, Recipe
from edgewise.training.matching import NEGATIVE, UNUSED, matched

NAME = "ssdlite_mobilenet_v3_large_torchvision"
RECIPE = Recipe(epochs=1, batch_size=2, learning_rate=0.1)


def things(counts: tuple[int, ...], seed: int = 0) -> Tensor:
    """Boxes of so many things in each image, as a batch."""
    generator = torch.Generator().manual_seed(seed)
    batch = torch.zeros(len(counts), max(counts), FIELDS)
    batch[..., LABEL] = NO_BOX
    for row, count in enumerate(counts):
        low = torch.rand(count, 2, generator=generator) * 0.6
        size = 0.05 + 0.3 * torch.rand(count, 2, generator=generator)
        batch[row, :count, :4] = torch.cat([low, low + size], 1)
        batch[row, :count, LABEL] = torch.randint(0, 90, (count,), generator=generator).float()
    return batch


@pytest.fixture(scope="module")
def task() -> Detect:
    with torch.device("meta"):
        network = Network(find(NAME))
    return Detect(network, RECIPE, classes=90, steps_per_epoch=1)


def test_the_loss_is_torchvisions(task: Detect) -> None:
    detector: Any = torchvision.models.get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None)
    around = torch.from_numpy(corners(anchor_boxes(find(NAME))))
    batch = things((3, 5))
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(2, len(around), 91, generator=generator)
    distances = torch.randn(2, len(around), 4, generator=generator)
    truths = []
    for rows in batch:
        own = rows[rows[:, LABEL] >= 0]
        truths.append({"boxes": own[:, :4], "labels": 1 + own[:, LABEL].long()})
    pairs = [detector.proposal_matcher(box_iou(one["boxes"], around)) for one in truths]
    outputs = {"bbox_regression": distances, "cls_logits": scores}
    theirs = detector.compute_loss(truths, outputs, [around, around], pairs)
    ours = task.loss(scores, distances, batch)
    assert float(ours) == pytest.approx(float(sum(theirs.values())), rel=1e-4)
    for rows, found in zip(batch, pairs, strict=True):
        own = rows[rows[:, LABEL] >= 0]
        assert torch.equal(matched(around, own[:, :4], own[:, UNSCORED] > 0).clamp(min=-1), found)


def test_an_image_without_boxes_teaches_background(task: Detect) -> None:
    batch = things((2, 1))
    batch[1, :, LABEL] = NO_BOX
    scores = torch.zeros(2, len(anchor_boxes(find(NAME))), 91, requires_grad=True)
    distances = torch.zeros(2, len(anchor_boxes(find(NAME))), 4, requires_grad=True)
    task.loss(scores, distances, batch).backward()
    assert scores.grad is not None
    assert distances.grad is not None
    assert (scores.grad[1, :, 0] < 0).sum() == 3  # three anchors are told to be more of a background
    assert not distances.grad[1].any()
    empty = task.loss(scores, distances, batch[:, :0])
    assert torch.isfinite(empty)


def test_every_box_has_an_anchor_and_unscored_ones_teach_nothing() -> None:
    anchors = torch.tensor([[0.0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 1, 1]])
    boxes = torch.tensor([[0.0, 0, 0.45, 0.5], [0.9, 0.9, 0.95, 0.95]])
    assert matched(anchors, boxes, torch.tensor([False, False])).tolist() == [0, 1, NEGATIVE]
    assert matched(anchors, boxes, torch.tensor([True, False])).tolist() == [UNUSED, 1, NEGATIVE]
    assert matched(anchors, boxes[:0], torch.zeros(0, dtype=torch.bool)).tolist() == [NEGATIVE] * 3
