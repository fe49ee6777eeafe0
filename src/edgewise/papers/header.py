"""The header of a model file, as far as it says of which network the tensors are; read without torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture

FORMAT = 1
"""The version of the header; a reader refuses newer ones."""

KEY = "edgewise"
"""Where the header's JSON stands in the safetensors metadata."""

_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000


def stored_architecture(path: Path) -> Architecture:
    """The architecture of the model file `path`. Raises `EdgewiseError` as `read_header` and `parsed` do, and where it
    is damaged."""
    with damage_told(path):
        return Architecture.from_dict(parsed(read_header(path), path)["architecture"])


def read_header(path: Path) -> str:
    """The JSON that the model file `path` holds beside its tensors.

    Raises `EdgewiseError` when there is no such file, or it is no model file, or cut short.
    """
    metadata = _safetensors_header(path).get("__metadata__")
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise EdgewiseError(
            f"{path} holds tensors but does not say of which network; only files that edgewise wrote can be loaded"
        )
    return metadata[KEY]


def parsed(text: str, where: Path) -> dict[str, Any]:
    """The JSON of a header. Raises `EdgewiseError` for a newer format, and what damaged JSON raises."""
    body = json.loads(text)
    if body["format"] > FORMAT:
        raise EdgewiseError(
            f"{where} has format {body['format']} and this edgewise reads up to {FORMAT}; upgrade edgewise"
        )
    return body


@contextmanager
def damage_told(where: Path) -> Iterator[None]:
    """Turns whatever reading a damaged header raises into an `EdgewiseError` that names the file."""
    try:
        yield
    except EdgewiseError as error:
        message = str(error)
        raise EdgewiseError(message if str(where) in message else f"{where}: {message}") from None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise EdgewiseError(
            f"{where} has a damaged header ({type(error).__name__}: {error}); export it again"
        ) from None


def _safetensors_header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file, once the file is known to hold all the bytes it announces."""
    try:
        if path.is_dir():
            raise EdgewiseError(f"{path} is a folder; name a model file (*.safetensors)")
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if size < _LENGTH_BYTES or not 2 <= length <= _LONGEST_HEADER:
                raise EdgewiseError(f"{path} is no model file: it does not begin with a safetensors header")
            if size < _LENGTH_BYTES + length:
                raise EdgewiseError(f"{path} is cut short: its header is not complete; copy or export it again")
            header = json.loads(file.read(length))
    except OSError as error:
        raise EdgewiseError(f"cannot read the model file {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise EdgewiseError(f"{path} is no model file: its header is not JSON") from None
    if not isinstance(header, dict):
        raise EdgewiseError(f"{path} is no model file: its header is not a safetensors header")
    try:
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        whole = all(isinstance(end, int) for end in ends)
    except (TypeError, KeyError, IndexError):
        ends, whole = [], False
    if not whole:
        raise EdgewiseError(f"{path} is no model file: its header is not a safetensors header")
    missing = _LENGTH_BYTES + length + max(ends, default=0) - size
    if missing > 0:
        raise EdgewiseError(f"{path} is cut short by {missing} bytes; copy or export it again")
    return header
