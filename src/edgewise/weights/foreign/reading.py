"""Tensors from the files in which weights are published: state dicts, safetensors, NumPy archives, Keras's HDF5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.papers.header import KEY
from edgewise.weights.foreign.naming import Tensors

_WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema")
_PARALLEL = "module."


def read_tensors(path: Path) -> Tensors:
    """The floating-point arrays of `path` by name, fp32.

    PyTorch's files are read without running what they contain (`weights_only`); wrappers around a state dict and the
    prefix of a parallel network go. Raises `EdgewiseError` for a file that is missing, damaged or of another kind.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise EdgewiseError(f"{path} is no file of weights; give one that ends in {', '.join(_READERS)}")
    try:
        return read(path)
    except EdgewiseError:
        raise
    except FileNotFoundError:
        raise EdgewiseError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise EdgewiseError(f"{path} cannot be read ({error.strerror or error}); copy or download it again") from None
    except UnpicklingError:
        raise EdgewiseError(
            f"{path} holds more than tensors, which edgewise does not unpickle; save its state_dict alone and give that"
        ) from None
    except (ValueError, EOFError, BadZipFile, RuntimeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EdgewiseError(f"{path} is damaged ({reason}); copy or download it again") from None


def _torch(path: Path) -> Tensors:
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise EdgewiseError(f"{path} holds no state dict but a {type(content).__name__}; save one and give that")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    return {
        name.removeprefix(_PARALLEL): value.detach().float().numpy()
        for name, value in tensors.items()
        if value.is_floating_point()
    }


def _safetensors(path: Path) -> Tensors:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            if KEY in (file.metadata() or {}):
                raise EdgewiseError(
                    f"{path} is a model file of edgewise already; give it as the model, without weights"
                )
            return {name: file.get_tensor(name).float().numpy() for name in file.keys()}  # noqa: SIM118  (no mapping)
    except SafetensorError as error:
        raise ValueError(str(error)) from None


def _numpy(path: Path) -> Tensors:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: np.asarray(archive[name], np.float32) for name in archive.files}


def _hdf5(path: Path) -> Tensors:
    try:
        import h5py  # type: ignore[import-not-found]
    except ImportError:
        raise EdgewiseError(f"reading {path} needs h5py; install it with: pip install h5py") from None
    found: dict[str, np.ndarray] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item, np.float32)

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


_READERS: Mapping[str, Callable[[Path], Tensors]] = {
    ".safetensors": _safetensors,
    ".pth": _torch,
    ".pt": _torch,
    ".tar": _torch,
    ".bin": _torch,
    ".npz": _numpy,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}
