"""Detectors and segmentation networks, exported: all their outputs agree with torch."""

from __future__ import annotations

from pathlib import Path

import pytest
from through_onnx import assert_network_exports

from heads import SOME, small
from random_weights import images, random_network


@pytest.mark.parametrize("name", SOME)
def test_head(name: str, tmp_path: Path) -> None:
    network = random_network(small(name))
    image = images(network.architecture.input)[:1].numpy()
    assert_network_exports(network, tmp_path / "model.onnx", image, 1e-3)
