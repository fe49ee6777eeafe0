"""Detectors and segmentation networks, exported: all their outputs agree with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from through_onnx import assert_network_exports

from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy import ArtifactCard, build, compare, tensors_of
from edgewise.devices import find_runtime
from edgewise.nn import Network
from heads import QUICK, SOME, small
from random_weights import images, random_network


@pytest.mark.parametrize("name", SOME)
def test_head(name: str, tmp_path: Path) -> None:
    network = random_network(small(name))
    image = images(network.architecture.input)[:1].numpy()
    assert_network_exports(network, tmp_path / "model.onnx", image, 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["openvino", "executorch", "torch_eager"])
@pytest.mark.parametrize("name", [*QUICK, "ssd300_vgg16"])
def test_every_runtime(name: str, runtime: str, tmp_path: Path) -> None:
    if find_runtime(runtime).version() is None:
        pytest.skip(f"{runtime} is not installed")
    architecture = small(name)
    # Without batch norm random statistics would let VGG's values grow beyond all numbers.
    network = Network(architecture, seed=0) if name == "ssd300_vgg16" else random_network(architecture)
    _, height, width = architecture.input
    preprocessing = Preprocessing(height, width, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), stretch=True)
    card = ArtifactCard(preprocessing, ("a", "b", "c"), task=architecture.task)
    artifact = build(architecture, tensors_of(network.eval()), tmp_path, "model", runtime=runtime, card=card)
    pixels = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    assert compare(artifact, network, pixels, preprocessing=preprocessing, runtime=runtime).difference < 1e-3
