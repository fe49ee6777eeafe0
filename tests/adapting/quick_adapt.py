"""A small adaptation that ends in seconds, for a device that is not here; run as a script, to be killed.

Its last training is in fp32, and with one thread: which precision is faster is measured, and two runs may find it
different.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from edgewise.blocks import Classifier, ConvBNAct, InvertedResidual, ShuffleUnitV2
from edgewise.data.preprocessing import Preprocessing
from edgewise.deploy import ArtifactCard
from edgewise.deploy.model_file import write_model_file
from edgewise.deploy.tensors import random_tensors
from edgewise.fitting.halving import default_recipe
from edgewise.papers import Architecture
from edgewise.training import Recipe
from edgewise.verbs import adapt as module
from edgewise.verbs.adapt import Adapted, adapt
from predicted_device import device

CLASSES = ("cat", "dog", "eel", "fox")

SMALL = Architecture(
    "small",
    (
        ConvBNAct(out_channels=16, stride=2),
        InvertedResidual(out_channels=16, expanded=32, activation="relu"),
        InvertedResidual(out_channels=24, expanded=48, stride=2, squeeze=12, activation="hard_swish"),
        ShuffleUnitV2(out_channels=24, passed=12, inner=12),
        InvertedResidual(out_channels=24, expanded=48, activation="relu"),
        ConvBNAct(out_channels=64),
        Classifier(classes=len(CLASSES)),
    ),
    input=(3, 24, 24),
)


def prepared(folder: Path) -> tuple[Path, Path]:
    """A model file and the profile of a device, in `folder`."""
    model, profile = folder / "model.safetensors", folder / "device.json"
    card = ArtifactCard(Preprocessing(24, 24, (0.2, 0.2, 0.2), (0.2, 0.2, 0.2)), CLASSES)
    write_model_file(SMALL, random_tensors(SMALL), model, card=card)
    device().write(profile)
    return model, profile


def _in_fp32(*args: Any, **options: Any) -> Recipe:
    return replace(default_recipe(*args, **options), precision="32")


def run(
    model: Path,
    images: Path,
    profile: Path,
    out: Path,
    *,
    budget: str = "0.88x",
    form: str = "netadapt",
    quantum: int = 4,
    precision: str = "fp32",
    score: str = "magnitude",
) -> Adapted:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with mock.patch.object(module, "default_recipe", _in_fp32):
            made = adapt(
                model,
                images,
                budget,
                out=out,
                device=profile,
                form=form,
                quantum=quantum,
                precision=precision,
                score=score,
                short=8,
                epochs=1,
                workers=2,
                flip=False,
                progress=False,
                tell=lambda text: print(text, file=sys.stderr, flush=True),
            )
    finally:
        torch.set_num_threads(threads)
    assert isinstance(made, Adapted)
    return made


if __name__ == "__main__":
    run(*map(Path, sys.argv[1:5]))
