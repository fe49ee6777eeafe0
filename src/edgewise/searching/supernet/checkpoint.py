"""A supernet's training on disk: the shared weights, the optimiser's momentum, and how far it is."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edgewise.errors import EdgewiseError
from edgewise.files import replacing
from edgewise.searching.space import Space
from edgewise.searching.supernet.weights import Supernet

FILE = "supernet.safetensors"
_STEP, _RUN = "edgewise_step", "edgewise_run"
_WEIGHT, _MOMENTUM = "weight:", "momentum:"


def save(path: Path, supernet: Supernet, momenta: dict[str, Tensor], step: int, run: str) -> None:
    """Writes everything, whole or not at all. `run` tells which training it is."""
    tensors = {f"{_WEIGHT}{key}": tensor.detach().contiguous() for key, tensor in supernet.parameters.items()}
    tensors |= {f"{_MOMENTUM}{key}": tensor.contiguous() for key, tensor in momenta.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={_STEP: str(step), _RUN: run})


def load(path: Path, space: Space) -> tuple[Supernet, dict[str, Tensor]]:
    """The shared weights and the momenta. Raises `EdgewiseError` for a file that is damaged."""
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from None
    parameters = {key.removeprefix(_WEIGHT): one for key, one in tensors.items() if key.startswith(_WEIGHT)}
    momenta = {key.removeprefix(_MOMENTUM): one for key, one in tensors.items() if key.startswith(_MOMENTUM)}
    return Supernet(space, {key: nn.Parameter(_laid_out(one)) for key, one in parameters.items()}), {
        key: _laid_out(one) for key, one in momenta.items()
    }


def steps_done(path: Path, run: str) -> int:
    """How many steps the training `run` has taken by the file; 0 without a file.

    Raises `EdgewiseError` for a file that is damaged, or of another training.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from None
    if header.get(_RUN) != run:
        raise EdgewiseError(f"{path} is of another search; delete it to train anew, or choose another folder")
    return int(header[_STEP])


def _laid_out(tensor: Tensor) -> Tensor:
    return tensor.to(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _unreadable(path: Path, error: Exception) -> EdgewiseError:
    return EdgewiseError(f"{path} cannot be read ({error}); delete it to train anew")
