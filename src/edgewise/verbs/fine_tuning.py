"""Fine-tuning for int8: how long, how gently, and from which roundings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from edgewise.data import Dataset
from edgewise.deploy.onnx_file import load
from edgewise.deploy.quantization import SCHEMES, quantize_onnx
from edgewise.deploy.quantization.places import places_of
from edgewise.deploy.quantization.trials import Subject
from edgewise.fitting.halving import default_recipe, with_epochs

if TYPE_CHECKING:
    from edgewise.nn import Network

EPOCHS = 3
"""How long, unless the user says."""

RATE = 0.02
"""The share of the learning rate of training from nothing."""


def fine_tune_for(
    subject: Subject, network: Network, dataset: Dataset, images: np.ndarray, folder: Path, *, epochs: int, workers: int
) -> None:
    """Trains `network`, that of `subject`, in place on the training images of `dataset`, for the roundings of int8 in
    ONNX Runtime, whose ranges come from `images`. The same call on the same `folder` goes on where it was.

    Images are shifted or cropped as in training, but not mirrored: what reads text must stay able to.

    Raises `EdgewiseError` as `training.train` does.
    """
    from edgewise.deploy.quantization.aware import fine_tune

    recipe = with_epochs(default_recipe(dataset, network.architecture.input[1], seed=0, flip=False), epochs, "32")
    recipe = replace(recipe, learning_rate=RATE * recipe.learning_rate, warmup_epochs=0.0)
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / "int8.onnx"
        quantize_onnx(subject.plain_form(Path(scratch)), images, made, SCHEMES[0])
        places = places_of(load(made))
    # A run knows its recipe, but not which tensors it began with.
    digest = hashlib.sha256(json.dumps(recipe.to_json(), sort_keys=True).encode())
    for name in sorted(subject.tensors):
        digest.update(subject.tensors[name].tobytes())
    run = folder / digest.hexdigest()[:16]
    splits = {"train": dataset.splits["train"]}
    fine_tune(network, splits, recipe, run, places, preprocessing=subject.card.preprocessing, workers=workers)
