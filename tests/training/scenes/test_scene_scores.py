"""Scores of boxes and masks, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edgewise.data.scenes.annotations import IGNORED
from edgewise.data.scenes.variation import FIELDS, LABEL, NO_BOX, UNSCORED
from edgewise.detection import Detections
from edgewise.papers import find
from edgewise.papers.ssdlite import ssdlite
from edgewise.training.scene_scores import DetectionScores, SegmentationScores

ARCHITECTURE = ssdlite(find("mobilenet_v3_small"), 2, size=96)


def truth(*rows: tuple[float, float, float, float, int, bool]) -> torch.Tensor:
    batch = torch.zeros(1, len(rows) + 1, FIELDS)
    batch[..., LABEL] = NO_BOX
    for place, (left, top, right, bottom, label, unscored) in enumerate(rows):
        batch[0, place] = torch.tensor([left, top, right, bottom, label, float(unscored)])
    return batch


def found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    values = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(values[:, :4], values[:, 4], values[:, 5].astype(np.int64))


def test_a_perfect_detector() -> None:
    scores = DetectionScores(ARCHITECTURE)
    scores.add(
        [found((0.1, 0.1, 0.5, 0.5, 0.9, 0), (0.5, 0.6, 0.9, 0.9, 0.8, 1))],
        truth((0.1, 0.1, 0.5, 0.5, 0, False), (0.5, 0.6, 0.9, 0.9, 1, False)),
    )
    made = scores.compute()
    assert made.metrics() == {"map": pytest.approx(1), "map50": pytest.approx(1)}
    assert made.per_class.tolist() == [pytest.approx(1), pytest.approx(1)]


def test_half_of_the_boxes_of_one_class_are_missed() -> None:
    """Boxes that overlap by 0.64 count at 0.5, 0.55 and 0.6 of the ten overlaps. The other class has none."""
    scores = DetectionScores(ARCHITECTURE)
    target = truth((0.0, 0.0, 0.5, 0.5, 0, False), (0.5, 0.5, 1, 1, 0, False))
    scores.add([found((0.0, 0.0, 0.5, 0.32, 0.9, 0))], target)
    made = scores.compute()
    half = 51 / 101  # COCO reads precision at 101 recalls
    assert made.map50 == pytest.approx(half, abs=1e-3)
    assert made.map == pytest.approx(0.3 * half, abs=1e-3)
    assert np.isnan(made.per_class[1])


def test_an_unscored_box_is_neither_missed_nor_wrong() -> None:
    scores = DetectionScores(ARCHITECTURE)
    target = truth((0.0, 0.0, 0.5, 0.5, 0, False), (0.5, 0.5, 1, 1, 0, True))
    assert float(target[0, 1, UNSCORED]) == 1
    scores.add([found((0.0, 0.0, 0.5, 0.5, 0.6, 0), (0.5, 0.5, 1, 1, 0.9, 0))], target)
    assert scores.compute().map50 == pytest.approx(1)


def test_nothing_found() -> None:
    scores = DetectionScores(ARCHITECTURE)
    scores.add([found()], truth((0.0, 0.0, 0.5, 0.5, 0, False)))
    assert scores.compute().metrics() == {"map": 0, "map50": 0}


def test_intersection_over_union() -> None:
    """Four pixels of class 0, of which one is taken for 1; three of class 1; one that is nobody's; class 2 nowhere."""
    truth_of = torch.tensor([[[0, 0, 0, 0], [1, 1, 1, IGNORED]]], dtype=torch.uint8)
    predicted = torch.tensor([[[0, 0, 0, 1], [1, 1, 1, 2]]])
    scores = SegmentationScores(3, torch.device("cpu"))
    logits = torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).float() * 100
    scores.update(logits, truth_of)
    made = scores.compute()
    assert made.per_class[:2].tolist() == [pytest.approx(3 / 4), pytest.approx(3 / 4)]
    assert np.isnan(made.per_class[2])
    assert made.mean_iou == pytest.approx(3 / 4)
    assert made.pixel_accuracy == pytest.approx(6 / 7)
    assert made.loss == pytest.approx(100 / 7, rel=1e-3)
    assert made.confusion.tolist() == [[3, 1, 0], [0, 3, 0], [0, 0, 0]]
