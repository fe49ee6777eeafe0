"""Anchors, decoding, overlap and suppression, against torchvision's and against arithmetic by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou, nms

from edgewise.detection import Selection, anchor_boxes, decoded, encoded, iou, kept_by_nms, selected
from edgewise.detection.coding import centred, corners
from edgewise.errors import EdgewiseError
from edgewise.papers import find

PAIRS = [
    ("ssdlite_mobilenet_v3_large_torchvision", "ssdlite320_mobilenet_v3_large"),
    ("ssd300_vgg16", "ssd300_vgg16"),
]


def random_boxes(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    low = random.uniform(0, 0.7, (count, 2))
    return np.concatenate([low, low + random.uniform(0.02, 0.3, (count, 2))], 1).astype(np.float32)


@pytest.mark.parametrize(("name", "reference"), PAIRS)
def test_anchors_are_torchvisions(name: str, reference: str) -> None:
    architecture = find(name)
    detector: Any = torchvision.models.get_model(reference, weights=None, weights_backbone=None)
    place = len(architecture.rows) - 1
    graph = architecture.graph
    maps = [torch.zeros(1, *graph.nodes[graph.index(f"{place}.boxes{number}")].shape) for number in range(6)]
    image = torch.zeros(1, *architecture.input)
    (theirs,) = detector.anchor_generator(ImageList(image, [architecture.input[1:]]), maps)
    ours = corners(anchor_boxes(architecture)) * architecture.input[1]
    assert ours.shape == tuple(theirs.shape)
    assert np.abs(ours - theirs.numpy()).max() < 1e-3  # of a pixel


def test_only_a_detector_has_anchors() -> None:
    with pytest.raises(EdgewiseError, match="mobilenet_v2 does not end in a detector's head"):
        anchor_boxes(find("mobilenet_v2"))


def test_encoding_and_back() -> None:
    boxes = random_boxes(50)
    anchors = centred(random_boxes(50, seed=1))
    np.testing.assert_allclose(decoded(encoded(boxes, anchors), anchors), boxes, atol=1e-6)
    np.testing.assert_allclose(encoded(corners(anchors), anchors), 0, atol=1e-4)


def test_a_box_beside_its_anchor_by_hand() -> None:
    """An anchor 0.2 wide and 0.4 high; the box lies half an anchor's width to the right and is twice as wide."""
    anchor = np.array([0.5, 0.5, 0.2, 0.4])
    box = np.array([0.4, 0.3, 0.8, 0.7])
    np.testing.assert_allclose(encoded(box, anchor), [5, 0, 5 * np.log(2), 0], atol=1e-9)


def test_boxes_end_at_the_image() -> None:
    anchors = np.array([[0.1, 0.9, 0.4, 0.4]])
    np.testing.assert_allclose(decoded(np.zeros((1, 4)), anchors), [[0, 0.7, 0.3, 1]], atol=1e-9)
    huge = decoded(np.array([[0, 0, 1e6, 1e6]]), anchors)
    assert np.isfinite(huge).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 60), st.integers(0, 10**6), st.sampled_from([0.3, 0.5, 0.7]))
def test_suppression_is_torchvisions(count: int, seed: int, threshold: float) -> None:
    boxes = random_boxes(count, seed)
    scores = np.random.default_rng(seed).permutation(count).astype(np.float32)
    theirs = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    assert kept_by_nms(boxes, scores, threshold).tolist() == theirs.tolist()


def test_overlap_is_torchvisions() -> None:
    ones, others = random_boxes(20), random_boxes(30, seed=2)
    theirs = box_iou(torch.from_numpy(ones), torch.from_numpy(others))
    np.testing.assert_allclose(iou(ones, others), theirs.numpy(), atol=1e-6)
    empty = np.zeros((1, 4), np.float32)
    assert iou(empty, empty) == [[0]]


def test_of_equal_scores_the_first_is_kept() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0.1, 0.1]])
    assert kept_by_nms(boxes, np.ones(3), 0.5).tolist() == [0, 2]


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_selected_is_what_torchvision_returns(name: tuple[str, str]) -> None:
    """From random raw outputs, through its own postprocessing."""
    architecture = find(name[0])
    detector: Any = torchvision.models.get_model(name[1], weights=None, weights_backbone=None)
    anchors = anchor_boxes(architecture)
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(1, len(anchors), 91, generator=generator) * 3
    distances = torch.randn(1, len(anchors), 4, generator=generator)
    side = architecture.input[1]
    outputs = {"cls_logits": scores, "bbox_regression": distances}
    theirs: dict[str, Tensor] = detector.postprocess_detections(
        outputs, [torch.from_numpy(corners(anchors)) * side], [(side, side)]
    )[0]
    selection = Selection(
        detector.score_thresh, detector.nms_thresh, detector.topk_candidates, detector.detections_per_img
    )
    ours = selected(scores[0].numpy(), distances[0].numpy(), anchors, selection)
    assert len(ours.scores) == len(theirs["scores"]) == detector.detections_per_img
    np.testing.assert_allclose(ours.scores, theirs["scores"].numpy(), atol=1e-6)
    assert ours.labels.tolist() == (theirs["labels"] - 1).tolist()
    np.testing.assert_allclose(ours.in_pixels(side, side), theirs["boxes"].numpy(), atol=0.01)
    assert len(ours.above(0.9).scores) == int((theirs["scores"] >= 0.9).sum())
