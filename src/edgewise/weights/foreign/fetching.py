"""Published weights onto this machine: torch's and the hub's own download and cache, with what to do offline."""

from __future__ import annotations

import hashlib
import re
import sys
from http.client import HTTPException
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.weights.foreign.pretrained import Pretrained
from edgewise.weights.hub import unreachable

_DIGEST = re.compile(r"-([0-9a-f]{8,64})\.")
"""The beginning of a file's SHA-256 that PyTorch's releases carry in their names."""


def fetch(entry: Pretrained) -> Path:
    """The file of `entry`, downloaded unless it is in the cache already.

    Raises `EdgewiseError`, saying what was looked for, where to get it and where to put it, when there is no
    connection or the file is not what its name promises.
    """
    return _from_hub(entry) if entry.hub else _from_url(entry)


def _from_url(entry: Pretrained) -> Path:
    import torch

    name = entry.url.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    digest = _promised(name)
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # To a temporary name first; the digest is checked before it gets its own.
            torch.hub.download_url_to_file(entry.url, str(path), hash_prefix=digest, progress=sys.stderr.isatty())
        except (OSError, RuntimeError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise EdgewiseError(
                f"{entry.source}'s weights {entry.name} are not on this machine and cannot be downloaded ({reason}); "
                f"get {entry.url} elsewhere and put it at {path}, or give the file itself as the weights"
            ) from None
    elif not has_its_digest(path):
        raise EdgewiseError(
            f"{path} is damaged: its SHA-256 does not begin with {digest}; delete it, and it is downloaded again"
        )
    return path


def has_its_digest(path: Path) -> bool:
    """Whether the file has the SHA-256 that its name promises; one that promises nothing has."""
    digest = _promised(path.name)
    return digest is None or _sha256(path).startswith(digest)


def _promised(name: str) -> str | None:
    known = _DIGEST.search(name)
    return known.group(1) if known else None


def _from_hub(entry: Pretrained) -> Path:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    file = "model.safetensors"
    try:
        return Path(hf_hub_download(entry.hub, file, local_files_only=unreachable()))
    except LocalEntryNotFoundError:
        reason = "there is no connection"
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    raise EdgewiseError(
        f"{entry.source}'s weights {entry.name} are not in the cache {constants.HF_HUB_CACHE} and cannot be downloaded "
        f"({reason}); get {constants.ENDPOINT}/{entry.hub}/resolve/main/{file} elsewhere, or give the file itself as "
        "the weights"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
