"""Which of all anchors' boxes are shown: scores above a threshold, the best of each class, suppressed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgewise.detection.coding import decoded
from edgewise.detection.suppression import kept_by_nms


@dataclass(frozen=True)
class Selection:
    """What is kept: boxes with a score above `least_score`, of each class the `best` best, of those that overlap by
    more than `overlap` one, and `most` of all classes together (torchvision's SSDLite)."""

    least_score: float = 0.001
    overlap: float = 0.55
    best: int = 300
    most: int = 300

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one image, the best first: `boxes` `(N, 4)` (left, top, right, bottom) as shares of the image,
    `scores` `(N,)` from 0 to 1 and `labels` `(N,)`, the classes' numbers from 0."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def above(self, score: float) -> Detections:
        """Those with at least this score."""
        good = self.scores >= score
        return Detections(self.boxes[good], self.scores[good], self.labels[good])

    def in_pixels(self, height: int, width: int) -> np.ndarray:
        """The boxes in pixels of an image of that size."""
        return self.boxes * np.array([width, height, width, height], np.float32)


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Class probabilities `(N, classes)` of raw scores `(N, 1 + classes)`, the background first: a softmax."""
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return shifted[:, 1:] / shifted.sum(1, keepdims=True)


def selected(
    scores: np.ndarray, distances: np.ndarray, anchors: np.ndarray, selection: Selection = Selection()
) -> Detections:
    """What a detector found, from its raw outputs for one image: scores `(anchors, 1 + classes)` and distances
    `(anchors, 4)`."""
    boxes = decoded(distances, anchors)
    shares = probabilities(scores)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for label in range(shares.shape[1]):
        of_class = shares[:, label]
        good = np.flatnonzero(of_class > selection.least_score)
        good = good[np.argsort(-of_class[good], kind="stable")[: selection.best]]
        good = good[kept_by_nms(boxes[good], of_class[good], selection.overlap)]
        found.append((boxes[good], of_class[good], np.full(len(good), label)))
    every = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    order = np.argsort(-every[1], kind="stable")[: selection.most]
    return Detections(*(part[order] for part in every))
