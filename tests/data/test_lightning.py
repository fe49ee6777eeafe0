"""A run broken anywhere in an epoch and resumed from Lightning's own checkpoint sees the batches of an unbroken one."""

from __future__ import annotations

import warnings
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from pictures import class_folders, noise

from edgewise.data import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Augmentation,
    Batches,
    Preprocessing,
    Split,
    images,
    loading,
    open_dataset,
)
from edgewise.data.images import StoredImages

EPOCHS, STEPS = 3, 5

pytestmark = [
    # Lightning's advice to the user of a loader and of a machine, none of it about these tests.
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:lightning"),
    pytest.mark.filterwarnings("ignore:.*:FutureWarning:lightning"),
]


class Stopped(Exception):  # noqa: N818
    """Stands for the end of a process."""


class Recorder(pl.LightningModule):
    """Notes what it is trained on; at step `stop` it saves a checkpoint and raises."""

    def __init__(self, folder: Path, stop: int | None = None) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.folder = folder
        self.stop = stop
        self.seen: list[tuple[int, tuple[int, ...], float]] = []

    def training_step(self, batch, batch_idx):
        pictures, labels = batch
        self.seen.append((self.current_epoch, tuple(labels.tolist()), float(pictures.double().sum())))
        return self.layer(torch.ones(1, 1)).sum()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if self.stop is not None and len(self.seen) == self.stop:
            self.trainer.save_checkpoint(self.folder / "stopped.ckpt")
            raise Stopped


def fit(folder: Path, batches: Batches, validation: Batches, stop: int | None, resume: Path | None) -> list:
    module = Recorder(folder, stop)
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer.fit(module, batches, validation, ckpt_path=resume, weights_only=True)
    except Stopped:
        pass
    return module.seen


def small_split() -> Split:
    pixels = np.stack([noise(index, 16, 16) for index in range(18)])
    return Split("train", StoredImages(pixels, [str(index) for index in range(18)]), np.arange(18))


def large_split(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Split:
    monkeypatch.setattr(images, "MEMORY_LIMIT", 1000)
    monkeypatch.setattr(loading, "MEMORY_LIMIT", 1000)
    class_folders(folder, {"a": 11, "b": 11}, ".jpg", 30, 40)
    return open_dataset(folder).splits["train"]


@pytest.mark.parametrize("large", [False, True])
def test_a_run_broken_in_the_middle_of_an_epoch_sees_every_batch_once(tmp_path, monkeypatch, large):
    split = large_split(tmp_path / "data", monkeypatch) if large else small_split()
    augmentation = Augmentation("resized" if large else "pad", flip=True)
    preprocessing = Preprocessing(16, 16, IMAGENET_MEAN, IMAGENET_STD)
    validation = Batches(small_split(), preprocessing, batch_size=4, seed=0, shuffle=False, workers=0)

    def run(stop: int | None = None, resume: Path | None = None) -> list:
        batches = Batches(
            split,
            preprocessing,
            batch_size=4,
            seed=3,
            augmentation=augmentation,
            shuffle=True,
            workers=2 if large else 0,
        )
        return fit(tmp_path, batches, validation, stop, resume)

    unbroken = run()
    assert [epoch for epoch, _, _ in unbroken] == [epoch for epoch in range(EPOCHS) for _ in range(STEPS)]
    assert len({order for _, order, _ in unbroken}) > STEPS  # every epoch has its own order
    for stop in (2, 7) if large else range(1, EPOCHS * STEPS):
        before = run(stop=stop)
        after = run(resume=tmp_path / "stopped.ckpt")
        assert before + after == unbroken, f"broken after step {stop}"
