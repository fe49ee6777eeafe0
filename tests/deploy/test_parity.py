"""The comparison of an artifact with its network: it passes what is right and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from through_onnx import network_of

from edgewise.data import Preprocessing
from edgewise.deploy import compare, random_tensors, tensors_of
from edgewise.errors import EdgewiseError
from edgewise.nn import Network
from edgewise.papers import Architecture

Export = Callable[..., Path]


@pytest.fixture
def network(small: Architecture) -> Network:
    return network_of(small, random_tensors(small))


@pytest.mark.parametrize("inside", [False, True])
def test_the_right_artifact(
    inside: bool, export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    parity = compare(export(inside=inside), network, pixels, preprocessing=preprocessing, as_pixels=inside)
    assert 0 <= parity.difference < 1e-5
    assert parity.agreement == 1
    assert parity.images == 10


def test_an_artifact_of_other_weights(
    export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    path = export(seed=1)
    with pytest.raises(EdgewiseError, match="is not the network it was made from: its outputs differ by") as caught:
        compare(path, network, pixels, preprocessing=preprocessing)
    assert str(path) in str(caught.value)


def test_another_normalisation(
    export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    """Red and blue in each other's place: the mistake that is made most."""
    turned = replace(preprocessing, mean=preprocessing.mean[::-1], std=preprocessing.std[::-1])
    with pytest.raises(EdgewiseError, match="is not the network it was made from"):
        compare(export(inside=True), network, pixels, preprocessing=turned, as_pixels=True)


def test_a_small_difference_is_measured(
    export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    """One weight of the last layer is off by a little: relative to the largest score, not absolute."""
    scores = network(torch.from_numpy(np.stack([preprocessing.normalised(image) for image in pixels])))
    with torch.no_grad():
        bias = network.get_submodule("2.classes").bias
        assert isinstance(bias, torch.Tensor)
        bias[0] += 0.01 * float(scores.abs().max())
    path = export()
    parity = compare(path, network, pixels, preprocessing=preprocessing, tolerance=0.1)
    assert 0.005 < parity.difference < 0.02
    with pytest.raises(EdgewiseError, match="is allowed"):
        compare(path, network, pixels, preprocessing=preprocessing)


def test_outputs_that_are_no_numbers(
    export: Export,
    small: Architecture,
    network: Network,
    preprocessing: Preprocessing,
    pixels: np.ndarray,
    tmp_path: Path,
) -> None:
    from edgewise.deploy import export_onnx

    broken = tensors_of(network)
    broken["2.classes.bias"] = np.array([np.nan, 0, 0], np.float32)
    path = export_onnx(small, broken, tmp_path / "broken.onnx")
    with pytest.raises(EdgewiseError, match="is not the network it was made from"):
        compare(path, network, pixels, preprocessing=preprocessing)
    with pytest.raises(EdgewiseError, match="is not the network it was made from"):  # not when torch's are none, either
        compare(path, network_of(small, broken), pixels, preprocessing=preprocessing)


def test_no_images(export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray) -> None:
    with pytest.raises(EdgewiseError, match="no images to compare"):
        compare(export(), network, pixels[:0], preprocessing=preprocessing)


@pytest.mark.parametrize("training", [False, True])
def test_the_network_stays_as_it_was(
    training: bool, export: Export, network: Network, preprocessing: Preprocessing, pixels: np.ndarray
) -> None:
    """In training mode batch norm would give other values, and count."""
    network.train(training)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    compare(export(), network, pixels, preprocessing=preprocessing)
    assert network.training is training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
