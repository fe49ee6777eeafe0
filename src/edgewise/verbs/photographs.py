"""Photographs that are there without any data: two that come with scikit-learn, cut into pieces."""

from __future__ import annotations

import numpy as np

from edgewise.data.preprocessing import Preprocessing


def photographs(preprocessing: Preprocessing) -> np.ndarray:
    """Twelve pieces, uint8 `(12, height, width, 3)`, of the size that `preprocessing` makes."""
    from sklearn.datasets import load_sample_images

    pieces = []
    for photograph in load_sample_images().images:
        high, wide = photograph.shape[:2]
        pieces += [
            photograph[y : y + high // 2, x : x + wide // 3]
            for y in (0, high // 2)
            for x in range(0, wide - 2, wide // 3)
        ]
    return np.stack([preprocessing.resized(piece) for piece in pieces])
