"""A network's tensors as a model file: the artifact of torch's runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy.artifact import ArtifactCard
from edgewise.deploy.fold import Tensors
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.weights.card import ModelCard
from edgewise.weights.shapes import COUNTER, mismatch


def write_model_file(architecture: Architecture, tensors: Tensors, path: Path, *, card: ArtifactCard | None) -> Path:
    """Writes `architecture` with `tensors` to `path`; returns it.

    Without a card it says of images that they come as they are, from 0 to 1, and calls the classes by their numbers.
    Raises `EdgewiseError` when tensors are missing, too many or of the wrong shape, or the card does not fit.
    """
    import torch

    from edgewise.weights.model_file import save_tensors

    floats = {name: np.array(array, np.float32) for name, array in tensors.items() if not name.endswith(COUNTER)}
    if difference := mismatch(architecture.graph, {name: array.shape for name, array in floats.items()}):
        raise EdgewiseError(f"these are not the tensors of {architecture.name}: {difference}")
    _, height, width = architecture.input
    if card is None:
        card = ArtifactCard(Preprocessing(height, width, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)))
    names = card.classes or tuple(map(str, range(architecture.classes)))
    state = {name: torch.from_numpy(array) for name, array in floats.items()}
    save_tensors(path, state, ModelCard(architecture, card.preprocessing, names, card.multi_label))
    return path
