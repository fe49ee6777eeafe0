"""How much boxes overlap."""

from __future__ import annotations

import numpy as np


def areas(boxes: np.ndarray) -> np.ndarray:
    """`(N,)` of boxes `(N, 4)`: left, top, right, bottom."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def iou(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """`(N, M)`: the intersection over the union of boxes `(N, 4)` and `(M, 4)` (left, top, right, bottom); 0 where both
    are empty."""
    shared = _shared(ones, others, 0) * _shared(ones, others, 1)
    union = areas(ones)[:, None] + areas(others)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _shared(ones: np.ndarray, others: np.ndarray, axis: int) -> np.ndarray:
    """`(N, M)`: how long the boxes are together along one axis; both at once would make numpy loop over pairs."""
    low = np.maximum(ones[:, None, axis], others[None, :, axis])
    high = np.minimum(ones[:, None, axis + 2], others[None, :, axis + 2])
    return (high - low).clip(0)
