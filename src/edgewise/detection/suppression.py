"""Non-maximum suppression: of boxes that overlap much the one with the best score."""

from __future__ import annotations

import numpy as np

from edgewise.detection.overlap import iou


def kept_by_nms(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """The indices of the boxes `(N, 4)` that are left, best score first, of equal ones the first: a box goes where one
    that is kept overlaps it by more than `threshold`."""
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(boxes[order], boxes[order]) > threshold
    alive = np.ones(len(order), dtype=bool)
    for place in range(len(order)):
        if alive[place]:
            alive[place + 1 :] &= ~overlaps[place, place + 1 :]
    return order[alive]
