"""What the gates of a network say, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from edgewise.data import Batches, Preprocessing, Split
from edgewise.nn import Network

_ENDING = ".gate"
_BATCH = 32


def gate_names(network: Network) -> list[str]:
    """The values of the network's squeeze-and-excitation gates, in the order they run."""
    return [node.name for node in network.graph.nodes if node.name.endswith(_ENDING)]


@torch.no_grad()
def gate_means(
    network: Network, split: Split, preprocessing: Preprocessing, classes: Sequence[str]
) -> Mapping[str, np.ndarray]:
    """By gate its mean values `(classes, channels)` over the images of `split`, which have one class each; zero for a
    class without images."""
    network.eval()
    names = gate_names(network)
    sums: dict[str, np.ndarray] = {}
    counts = np.zeros((len(classes), 1))
    for images, labels in Batches(split, preprocessing, batch_size=_BATCH, seed=0, shuffle=False, workers=0):
        of = labels.numpy()
        np.add.at(counts, of, 1)
        for name, values in network.forward_features(images, names).items():
            total = sums.setdefault(name, np.zeros((len(classes), values.shape[1])))
            np.add.at(total, of, values.flatten(1).double().numpy())
    return {name: total / np.maximum(counts, 1) for name, total in sums.items()}
