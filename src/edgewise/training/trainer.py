"""`train`: a network, data and a recipe in; the trained network, its metrics and a folder that can be resumed out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edgewise.data import Dataset, Preprocessing, Split
from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.graph import ops
from edgewise.nn import Network
from edgewise.training import checkpoints, processes
from edgewise.training.checkpoints import EpochRecord, RunState
from edgewise.training.evaluation import check_task, output_classes, score
from edgewise.training.feeding import Feed, is_validated
from edgewise.training.precision import PrecisionChoice, choose_precision
from edgewise.training.progress import Progress
from edgewise.training.recipe import Recipe
from edgewise.training.scoring import scoring_for

_PRECISION_FILE = "precision.json"


@dataclass(frozen=True)
class TrainResult:
    """What a run gave; figures are of the whole run, also where it was interrupted.

    Attributes:
        metrics: of the last validation ("loss", "accuracy", "top5" or, for several labels, "loss", "accuracy",
            "mean_average_precision", "map_at_k"), of the weights that `train` leaves in the network; empty without
            one.
        history: training loss and metrics of every epoch.
        epochs, steps: finished epochs and optimiser steps.
        seconds: in training steps and validation.
        images_per_second: of training steps, input pipeline included.
        precision: "32" or "bf16".
        finished: whether the recipe's last step is taken.
        folder: where the checkpoint is.
    """

    metrics: dict[str, float]
    history: tuple[EpochRecord, ...]
    epochs: int
    steps: int
    seconds: float
    images_per_second: float
    precision: str
    finished: bool
    folder: Path

    def to_json(self) -> dict[str, Any]:
        """The result as JSON's types."""
        return {**asdict(self), "history": [asdict(record) for record in self.history], "folder": str(self.folder)}


def train(
    network: nn.Module,
    data: Dataset | Mapping[str, Split],
    recipe: Recipe,
    folder: Path | str,
    *,
    preprocessing: Preprocessing,
    accelerator: str = "auto",
    devices: int = 1,
    workers: int = 0,
    channels_last: bool = True,
    until_epoch: int | None = None,
    until_step: int | None = None,
    max_seconds: float | None = None,
    validate_every: int = 1,
    checkpoint_seconds: float = 50.0,
    progress: bool | Callable[[Progress], None] = True,
) -> TrainResult:
    """Trains `network` (images (N, 3, H, W) to logits (N, K)) in place on the "train" split of `data`.

    The run lives in `folder`. Killed at any moment, the same call goes on from the last checkpoint, which is at most
    `checkpoint_seconds` old (plus one step); on a CPU with as many threads as before it then ends with the same bits
    as a run that was never interrupted. A finished run is not trained again: its weights are loaded. Afterwards
    `network` holds, on the CPU, the weights to use: the running average where the recipe has one.

    Args:
        accelerator: "cpu", "cuda", "mps", or "auto" for the best there is.
        devices: of this machine. More than one starts as many processes (a script must then guard its main part with
            `if __name__ == "__main__"`). For several machines start the same command on each with `torchrun`, which
            then decides how many there are; `folder` must be seen by all.
        workers: processes that decode and augment; none are needed where the images are kept in memory.
        channels_last: the memory layout that is fast for convolutions on CPUs and GPUs.
        until_epoch, until_step: end this call there, on the schedule of the whole recipe; a later call goes on. The
            validation of a last epoch that is not the recipe's takes place as `validate_every` says.
        max_seconds: end this call at the first step after so long.
        validate_every: epochs between validations on the "val" split; after the recipe's last there always is one.
        progress: True shows a line, False nothing; a function gets a `Progress` a few times a second (with more than
            one device it must be importable by name).

    Raises:
        EdgewiseError: the recipe does not fit the data or the network, the folder belongs to another run, or the
            training diverged.
    """
    folder = Path(folder)
    splits = data.splits if isinstance(data, Dataset) else data
    feed = Feed(splits, preprocessing, recipe, workers)
    device = processes.pick_device(accelerator)
    classes = _checked(network, feed, data)
    path = folder / checkpoints.FILE_NAME
    fingerprint = _fingerprint(network, data, feed)
    state = checkpoints.load_header(path)
    if state is not None and state.fingerprint != fingerprint:
        raise EdgewiseError(
            f"{folder} holds a run with another recipe, network or data; choose another folder, or delete it"
        )
    batches = None
    if state is None:
        batches = feed.training(rank=0, processes=1)
        choice = _settle_precision(folder, fingerprint, network, feed, device)
        state = RunState(fingerprint, choice.precision, len(batches))
    else:
        _catch_up_validation(path, state, network, feed, classes, device, validate_every)
    total = recipe.epochs * state.steps_per_epoch
    last_step = min(total, until_step or total, (until_epoch or recipe.epochs) * state.steps_per_epoch)
    if state.step < last_step:
        job = processes.Job(
            network=network,
            feed=feed,
            batches=batches,
            path=path,
            state=state,
            classes=classes,
            last_step=last_step,
            accelerator=device.type,
            channels_last=channels_last,
            validate_every=validate_every,
            checkpoint_seconds=checkpoint_seconds,
            max_seconds=max_seconds,
            progress=progress,
        )
        processes.run(job, devices)
    ended = checkpoints.load_header(path)
    assert ended is not None
    checkpoints.load_network(path, network, averaged=recipe.ema > 0)
    metrics = next((record.metrics for record in reversed(ended.history) if record.metrics), {})
    return TrainResult(
        metrics=metrics,
        history=tuple(ended.history),
        epochs=ended.step // ended.steps_per_epoch,
        steps=ended.step,
        seconds=ended.seconds,
        images_per_second=ended.images / ended.train_seconds if ended.train_seconds else 0.0,
        precision=ended.precision,
        finished=ended.step >= total,
        folder=folder,
    )


def _checked(network: nn.Module, feed: Feed, data: Dataset | Mapping[str, Split]) -> int:
    """The number of classes, after checking that data, recipe and network fit each other."""
    if "train" not in feed.splits or not len(feed.splits["train"]):
        raise EdgewiseError('there are no images to train on; the data needs a "train" split')
    if feed.multi_label != (feed.recipe.loss == "sigmoid"):
        held, wanted = ("several labels", "sigmoid") if feed.multi_label else ("one label", "softmax")
        raise EdgewiseError(f'the images have {held} each but the loss is "{feed.recipe.loss}"; use loss="{wanted}"')
    parameter = next(network.parameters(), None)
    if parameter is None:
        raise EdgewiseError("the network has no parameters to train")
    classes = output_classes(network, feed.preprocessing, parameter.device)
    labels = feed.splits["train"].labels
    needed = len(data.classes) if isinstance(data, Dataset) else _classes_in(labels)
    check_task(network, feed.task)
    _check_recipe(feed)
    _check_batch(network, feed)
    if needed > classes or (feed.multi_label and needed != classes):
        raise EdgewiseError(
            f"the data has {needed} classes but the network {classes} outputs; give the network as many as the data"
        )
    return classes


def _check_batch(network: nn.Module, feed: Feed) -> None:
    """Raises `EdgewiseError` where batches of one image meet batch norm on maps of one cell: one value has no
    deviation."""
    if min(feed.recipe.batch_size, len(feed.splits["train"])) > 1 or not isinstance(network, Network):
        return
    nodes = network.graph.nodes
    if any(isinstance(node.op, ops.BatchNorm) and prod(node.shape[1:]) == 1 for node in nodes):
        raise EdgewiseError(
            f"{network.architecture.name} has maps of one cell at this size, which a batch of one image cannot be "
            "normalised on; train with a batch of 2 or more, or on larger images"
        )


def _check_recipe(feed: Feed) -> None:
    """Raises `EdgewiseError` where the recipe asks for what its data does not have done to it."""
    recipe, varied = feed.recipe, feed.recipe.augmentation
    if feed.task == "classify":
        unknown = {"photometric": varied is not None and varied.photometric}
    else:
        unknown = {
            "mixup": recipe.mixup > 0,
            "cutmix": recipe.cutmix > 0,
            "rand_augment": varied is not None and varied.rand_augment > 0,
            'crop="pad"': varied is not None and varied.crop == "pad",
        }
    if asked := [name for name, wanted in unknown.items() if wanted]:
        kind = "whole images" if feed.task == "classify" else "boxes and masks"
        raise EdgewiseError(f"the recipe asks for {asked[0]}, which is not for {kind}; choose another recipe")


def _classes_in(labels: np.ndarray) -> int:
    return labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1


def _fingerprint(network: nn.Module, data: Dataset | Mapping[str, Split], feed: Feed) -> str:
    """Equal only for runs that take the same course: recipe, network without its weights, data, preprocessing."""
    digest = hashlib.sha256()
    if isinstance(data, Dataset):
        digest.update(data.digest.encode())
    else:
        for name in sorted(data):
            digest.update(name.encode() + np.ascontiguousarray(data[name].labels).tobytes())
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    parts = [feed.recipe.to_json(), feed.preprocessing.to_json(), shapes, repr(network)]
    digest.update(json.dumps(parts, sort_keys=True).encode())
    return digest.hexdigest()


def _settle_precision(
    folder: Path, fingerprint: str, network: nn.Module, feed: Feed, device: torch.device
) -> PrecisionChoice:
    """The run's precision: measured once and kept in the folder, so that a run resumed elsewhere keeps it too.

    Of several processes started from outside the first measures and the others wait for its file.
    """
    path = folder / _PRECISION_FILE
    while not (kept := _kept_precision(path, fingerprint)):
        if processes.outside_rank() == 0:
            size = feed.preprocessing
            choice = choose_precision(network, feed.recipe, height=size.height, width=size.width, device=device)
            write_text(path, json.dumps({"fingerprint": fingerprint, **asdict(choice)}, indent=2) + "\n")
            return choice
        time.sleep(0.1)
    return kept


def _kept_precision(path: Path, fingerprint: str) -> PrecisionChoice | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return PrecisionChoice(**values) if values.pop("fingerprint") == fingerprint else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _catch_up_validation(
    path: Path,
    state: RunState,
    network: nn.Module,
    feed: Feed,
    classes: int,
    device: torch.device,
    validate_every: int,
) -> None:
    """Validates an epoch whose end the run did not live to see."""
    epoch, position = divmod(state.step, state.steps_per_epoch)
    if position or state.validated == epoch:
        return
    metrics = {}
    batches = feed.validation(rank=0, processes=1)
    if batches is not None and is_validated(epoch, feed.recipe.epochs, validate_every):
        checkpoints.load_network(path, network, averaged=feed.recipe.ema > 0)
        network.to(device).to(memory_format=torch.channels_last)
        scores = scoring_for(feed.splits["val"], network, classes, device)
        metrics = score(network, batches, scores, device=device, precision=state.precision).metrics()
        network.to("cpu")
    state.history.append(EpochRecord(epoch, state.loss_sum / max(1, state.loss_count), metrics))
    state.validated, state.loss_sum, state.loss_count = epoch, 0.0, 0
    if processes.outside_rank() == 0:
        checkpoints.save_header(path, state)
