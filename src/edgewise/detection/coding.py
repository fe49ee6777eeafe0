"""Boxes as distances from anchors, and back (Faster R-CNN, section 3.1.2; SSD, section 2.2).

With the anchor's centre `a`, width and height `w_a`, `h_a`: `10 (x − x_a) / w_a`, `10 (y − y_a) / h_a`,
`5 ln(w / w_a)`, `5 ln(h / h_a)`. The factors bring all four to about the same spread (Caffe's SSD: variances of 0.1 and
0.2).
"""

from __future__ import annotations

import math

import numpy as np

CENTRE, SIZE = 10.0, 5.0

LARGEST = math.log(1000 / 16)
"""Beyond it a logarithm of sizes counts as this: no box is so much larger than its anchor."""


def corners(boxes: np.ndarray) -> np.ndarray:
    """`(…, 4)` of centre x, centre y, width, height as left, top, right, bottom."""
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], -1)


def centred(boxes: np.ndarray) -> np.ndarray:
    """`(…, 4)` of left, top, right, bottom as centre x, centre y, width, height."""
    size = boxes[..., 2:] - boxes[..., :2]
    return np.concatenate([boxes[..., :2] + size / 2, size], -1)


def encoded(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The distances `(…, 4)` of boxes (left, top, right, bottom) from anchors (centre x, centre y, width, height), both
    as shares of the image; boxes have a positive width and height."""
    boxes = centred(boxes)
    centres = CENTRE * (boxes[..., :2] - anchors[..., :2]) / anchors[..., 2:]
    return np.concatenate([centres, SIZE * np.log(boxes[..., 2:] / anchors[..., 2:])], -1)


def decoded(distances: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The boxes `(…, 4)` (left, top, right, bottom) that `distances` from `anchors` mean, as shares of the image, cut
    off at its edges."""
    centres = distances[..., :2] / CENTRE * anchors[..., 2:] + anchors[..., :2]
    sizes = np.exp(np.minimum(distances[..., 2:] / SIZE, LARGEST)) * anchors[..., 2:]
    return corners(np.concatenate([centres, sizes], -1)).clip(0, 1)
