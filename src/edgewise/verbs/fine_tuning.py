"""Fine-tuning for int8: how long, how gently, and from which roundings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
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
    from edgewise.training import Progress

EPOCHS = 3
"""How long, unless the user says."""

RATE = 3e-4
"""The learning rate of AdamW, whose steps do not grow with the sizes of the channels. What int8 suffers from are
channels of very different sizes, on which plain gradient descent at any rate either stands still or diverges.

MobileNet v1 0.25 on the digits, its channels' sizes spread over 1:400 without changing the network, 3 epochs: 23.5%
right in int8 before; 95.0% after at this rate; in floating point 96.6%.
"""


_SECONDS = 20.0
"""Between two lines that tell how far it is."""


def fine_tune_for(
    subject: Subject,
    network: Network,
    dataset: Dataset,
    images: np.ndarray,
    folder: Path,
    *,
    epochs: int,
    workers: int,
    tell: Callable[[str], None],
) -> None:
    """Trains `network`, that of `subject`, in place on the training images of `dataset`, for the roundings of int8 in
    ONNX Runtime, whose ranges come from `images`. The same call on the same `folder` goes on where it was.

    Images are shifted or cropped as in training, but not mirrored: what reads text must stay able to.

    Raises `EdgewiseError` as `training.train` does.
    """
    from edgewise.deploy.quantization.aware import fine_tune

    recipe = with_epochs(default_recipe(dataset, network.architecture.input[1], seed=0, flip=False), epochs, "32")
    recipe = replace(recipe, optimiser="adamw", learning_rate=RATE, warmup_epochs=0.0, clip_norm=1.0)
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / "int8.onnx"
        quantize_onnx(subject.plain_form(Path(scratch)), images, made, SCHEMES[0])
        places = places_of(load(made))
    # A run knows its recipe, but not which tensors it began with.
    digest = hashlib.sha256(json.dumps(recipe.to_json(), sort_keys=True).encode())
    for name in sorted(subject.tensors):
        digest.update(subject.tensors[name].tobytes())
    run = folder / digest.hexdigest()[:16]
    said = time.monotonic()

    def progress(now: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > _SECONDS:
            said = time.monotonic()
            tell(f"step {now.step} of {now.steps}, loss {now.loss:.3f}")

    fine_tune(
        network,
        {"train": dataset.splits["train"]},
        recipe,
        run,
        places,
        preprocessing=subject.card.preprocessing,
        workers=workers,
        progress=progress,
    )
