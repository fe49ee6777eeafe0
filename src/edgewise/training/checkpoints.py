"""The state of a training run in one safetensors file: tensors, and in its header what is not a tensor, as JSON.

Nothing is pickled and nothing unpickled, and the file is replaced as a whole: a run killed at any moment finds the
checkpoint before or the one after, never half of one.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from edgewise.errors import EdgewiseError
from edgewise.files import replacing

FILE_NAME = "checkpoint.safetensors"
_FORMAT = 1
_HEADER = "edgewise_training"


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave. `metrics` are of the validation after it, empty where none took place."""

    epoch: int
    train_loss: float
    metrics: dict[str, float]


@dataclass
class RunState:
    """How far a run is, without its tensors.

    Attributes:
        fingerprint: of everything that decides the course of the run; a folder only goes on with an equal one.
        step: optimiser steps taken.
        validated: epochs whose end has been dealt with (validated or passed over).
        loss_sum: sum of the training loss over the images of the unfinished epoch.
        loss_count: number of these images.
        seconds: time spent in training steps and validation, over all calls.
        train_seconds: the part of it in training steps.
        images: images trained on, all epochs together.
        precision: "32" or "bf16".
        steps_per_epoch: optimiser steps of an epoch; images left over wait for the next epoch's order.
        history: one record per finished epoch.
    """

    fingerprint: str
    precision: str
    steps_per_epoch: int
    step: int = 0
    validated: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    seconds: float = 0.0
    train_seconds: float = 0.0
    images: int = 0
    history: list[EpochRecord] = field(default_factory=list)


def save(path: Path, state: RunState, network: nn.Module, average: nn.Module | None, optimiser: Optimizer) -> None:
    """Writes the whole state of a run to `path`, whole or not at all."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for name, parameter in network.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{name}.{key}"] = value
    _write(path, state, {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})


def save_header(path: Path, state: RunState) -> None:
    """Replaces what is not a tensor in the checkpoint at `path`."""
    _write(path, state, _read(path)[1])


def load_header(path: Path) -> RunState | None:
    """What is not a tensor of the checkpoint at `path`; None where there is no file.

    Raises:
        EdgewiseError: the file is damaged, no checkpoint, or of a newer format.
    """
    if not path.exists():
        return None
    header = _read(path)[0].get(_HEADER)
    if header is None:
        raise EdgewiseError(f"{path} is no training checkpoint; choose another folder or delete it to start anew")
    values = json.loads(header)
    if values.pop("format") != _FORMAT:
        raise EdgewiseError(
            f"{path} is of another version of edgewise; go on with that one, or delete it to start anew"
        )
    history = [EpochRecord(**record) for record in values.pop("history")]
    return RunState(history=history, **values)


def load_network(path: Path, network: nn.Module, *, averaged: bool) -> None:
    """Copies the weights and statistics in `path` into `network`: the running average's, or the trained ones."""
    _fill(_read(path)[1], network, "average." if averaged else "network.")


def load_run(path: Path, network: nn.Module, average: nn.Module | None, optimiser: Optimizer) -> None:
    """Copies all tensors in `path` into the run's network, running average and optimiser."""
    tensors = _read(path)[1]
    _fill(tensors, network, "network.")
    if average is not None:
        _fill(tensors, average, "average.")
    for name, parameter in network.named_parameters():
        prefix = f"optimiser.{name}."
        for key, value in tensors.items():
            if key.startswith(prefix):
                # State that mirrors a parameter takes its memory layout too, as in a run that was never interrupted.
                like = torch.empty_like(parameter, memory_format=torch.preserve_format).detach()
                state = like.copy_(value) if value.shape == parameter.shape else value
                optimiser.state[parameter][key.removeprefix(prefix)] = state


def _write(path: Path, state: RunState, tensors: dict[str, Tensor]) -> None:
    header = json.dumps({"format": _FORMAT, **dataclasses.asdict(state)})
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={_HEADER: header})


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The header's texts and the tensors. Read in one go, as the file may be replaced at any moment."""
    try:
        content = path.read_bytes()
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        return json.loads(content[8 : 8 + length]).get("__metadata__", {}), tensors
    except (SafetensorError, OSError) as error:
        raise EdgewiseError(f"{path} cannot be read ({error}); delete it to start anew") from error


@torch.no_grad()
def _fill(tensors: dict[str, Tensor], network: nn.Module, prefix: str) -> None:
    for name, tensor in network.state_dict().items():
        tensor.copy_(tensors[prefix + name])
