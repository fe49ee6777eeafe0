"""Short fine-tunes: they train, judge and repeat."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quick_adapt

from edgewise.adapting.tuning import Tuning, tune
from edgewise.data import open_dataset
from edgewise.data.decoded import read_decoded, write_decoded
from edgewise.errors import EdgewiseError
from edgewise.training import Recipe
from edgewise.weights import load_model, read_card

WORKER = "edgewise.adapting.worker"

RECIPE = Recipe(epochs=1, batch_size=16, learning_rate=0.01, schedule="steps", step_epochs=1.0, precision="32")


@pytest.fixture
def run(tmp_path: Path, coloured_folder: Callable[..., Path]) -> Path:
    """A run's folder with a model and decoded images."""
    quick_adapt.prepared(tmp_path)
    images = coloured_folder(tmp_path / "images", quick_adapt.CLASSES, 40)
    splits = open_dataset(images).splits
    card = read_card(tmp_path / "model.safetensors")
    write_decoded(tmp_path / "cache", {"train": splits["train"], "holdout": splits["val"]}, card.preprocessing)
    return tmp_path


def tuning(name: str, steps: int) -> Tuning:
    return Tuning("model.safetensors", f"out/{name}.safetensors", "cache", 0, steps, RECIPE)


def test_a_tuning_trains_judges_and_repeats(run: Path) -> None:
    beats: list[float] = []
    splits = read_decoded(run / "cache")
    asked = tuning("one", 6)
    first = tune(asked, run, splits, lambda: beats.append(time.monotonic()))
    layers = sum(1 for layer in load_model(run / asked.model)[0].modules() if not list(layer.children()))
    assert len(beats) > 6 * 1.5 * layers  # forwards and backwards, in every step
    assert read_card(run / asked.out).metrics == {"holdout_accuracy": first}
    again = tuning("two", 6)
    assert tune(again, run, splits, lambda: None) == first
    one, two = (load_model(run / made.out)[0].state_dict() for made in (asked, again))
    assert all(np.array_equal(tensor.numpy(), two[name].numpy()) for name, tensor in one.items())
    assert any(
        not np.array_equal(tensor.numpy(), one[name].numpy())
        for name, tensor in load_model(run / "model.safetensors")[0].state_dict().items()
    )


def test_a_training_that_diverges_is_told(run: Path) -> None:
    wild = replace(tuning("wild", 40), recipe=replace(RECIPE, learning_rate=1e30))
    with pytest.raises(EdgewiseError, match=r"the training of model.safetensors diverged at step \d+"):
        tune(wild, run, read_decoded(run / "cache"), lambda: None)
