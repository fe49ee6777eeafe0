"""A small network with everything an artifact says of itself, and images for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.data import Preprocessing
from edgewise.deploy import ArtifactCard, export_onnx, random_tensors
from edgewise.papers import Architecture

Export = Callable[..., Path]


@pytest.fixture
def small() -> Architecture:
    """Three classes, images of 8 × 12 pixels."""
    rows = (
        ConvBNAct(out_channels=8, stride=2, activation="hard_swish"),
        InvertedResidual(expanded=16, out_channels=8, squeeze=8, activation="relu"),
        Classifier(classes=3, hidden=16, dropout=0.2),
    )
    return Architecture("small", rows, input=(3, 8, 12))


@pytest.fixture
def preprocessing() -> Preprocessing:
    return Preprocessing(8, 12, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), crop=0.875, interpolation="bicubic")


@pytest.fixture
def export(small: Architecture, preprocessing: Preprocessing, tmp_path: Path) -> Export:
    """Writes the small network to `name`, with the tensors of `seed`."""

    def write(name: str = "small.onnx", *, seed: int = 0, multi_label: bool = False, inside: bool = False) -> Path:
        return export_onnx(
            small,
            random_tensors(small, seed),
            tmp_path / name,
            card=ArtifactCard(preprocessing, ("katze", "собака", "鳥 🐦"), multi_label, inside),
        )

    return write


@pytest.fixture
def pixels() -> np.ndarray:
    """uint8 `(N, height, width, 3)`."""
    return np.random.default_rng(2).integers(0, 256, (10, 8, 12, 3), dtype=np.uint8)
