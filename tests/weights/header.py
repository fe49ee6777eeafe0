"""A saved model; the header of its file taken apart and put together again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.nn import Network
from edgewise.weights import ModelCard


@dataclass(frozen=True)
class Saved:
    """A model file and what was written into it."""

    path: Path
    network: Network
    card: ModelCard


def header_length(content: bytes | bytearray) -> int:
    return int.from_bytes(content[:8], "little")


def read_header(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return json.loads(content[8 : 8 + header_length(content)])


def write_header(path: Path, header: object) -> None:
    """Replaces the header; the tensors behind it stay."""
    content = path.read_bytes()
    body = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(body).to_bytes(8, "little") + body + content[8 + header_length(content) :])


def edit_card(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Lets `change` work on the card's JSON in place."""
    header = read_header(path)
    card = json.loads(header["__metadata__"]["edgewise"])
    change(card)
    header["__metadata__"]["edgewise"] = json.dumps(card)
    write_header(path, header)
