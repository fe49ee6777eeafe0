"""What gates say of classes: the mean over the images of each."""

from __future__ import annotations

import numpy as np
import torch

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual
from edgewise.data import open_dataset
from edgewise.data.statistics import preprocessing_for
from edgewise.nn import Network
from edgewise.papers import Architecture
from edgewise.training.gating import gate_means, gate_names

ROWS = (
    ConvBNAct(out_channels=8, stride=2),
    InvertedResidual(out_channels=8, expanded=16, squeeze=4),
    InvertedResidual(out_channels=8, expanded=24),
    InvertedResidual(out_channels=8, expanded=16, squeeze=4),
    Classifier(classes=10),
)


def test_means_are_those_of_each_classs_images() -> None:
    network = Network(Architecture("gated", ROWS, input=(3, 16, 16)), seed=0)
    dataset = open_dataset("digits")
    split = dataset.splits["test"]
    preprocessing = preprocessing_for(16)
    assert gate_names(network) == ["1.squeeze_excite.gate", "3.squeeze_excite.gate"]
    found = gate_means(network, split, preprocessing, dataset.classes)
    assert {name: one.shape for name, one in found.items()} == dict.fromkeys(gate_names(network), (10, 16))
    threes = np.flatnonzero(split.labels == 3)
    images = np.stack([preprocessing.normalised(preprocessing.resized(split.load(int(index)))) for index in threes])
    with torch.no_grad():
        values = network.eval().forward_features(torch.from_numpy(images), gate_names(network))
    for name, one in values.items():
        np.testing.assert_allclose(found[name][3], one.flatten(1).mean(0).numpy(), atol=1e-5)
