"""Non-maximum suppression: of boxes that overlap much the one with the best score."""

from __future__ import annotations

import numpy as np

from edgewise.detection.overlap import iou


def kept_by_nms(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """The indices of the boxes `(N, 4)` that are left, best score first, of equal ones the first: a box goes where one
    that is kept overlaps it by more than `threshold`."""
    order = np.argsort(-scores, kind="stable")
    better = np.triu(iou(boxes[order], boxes[order]) > threshold, 1).astype(np.float32)
    # Which of the better ones are kept decides who is: looked at for all at once, until nothing changes, the best box
    # is settled after the first time, the second after the second at the latest, and most long before.
    alive = np.ones(len(order), np.float32)
    while True:
        left = (alive @ better == 0).astype(np.float32)
        if np.array_equal(left, alive):
            return order[alive > 0]
        alive = left
