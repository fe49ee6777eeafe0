"""The manifest of a kit: its items, and a digest that tells the kit from every other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from edgewise.version import VERSION

FORMAT = "edgewise kit"
FORMAT_VERSION = 1

Kind = Literal["network", "block"]


@dataclass(frozen=True)
class Input:
    """What an item's file takes: the name, the shape `(1, C, H, W)` and numpy's name of the type."""

    name: str
    shape: tuple[int, int, int, int]
    dtype: str


@dataclass(frozen=True)
class Item:
    """One ONNX file of a kit, by its path inside it.

    A `network` is timed whole and traced, a `block`, a probe of the device profile, only timed. `architecture` is what
    the file computes, as `Architecture.to_dict` gives it.
    """

    file: str
    sha256: str
    bytes: int
    kind: Kind
    precision: str
    architecture: dict[str, Any]
    input: Input
    multiply_adds: int


@dataclass(frozen=True)
class Plan:
    """How often everything is measured: rounds in which networks are timed, the first of them in which blocks are too,
    and the first in which networks are traced."""

    network_rounds: int
    block_rounds: int
    traced_rounds: int


@dataclass(frozen=True)
class Manifest:
    """All that a kit consists of. `edgewise` is the version that made it."""

    plan: Plan
    items: tuple[Item, ...]
    edgewise: str = VERSION
    format: str = FORMAT
    version: int = FORMAT_VERSION

    @property
    def digest(self) -> str:
        """A SHA-256 of everything in it, and by the hashes of the files of those too."""
        return digest_of(self._body())

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON's types, with its digest."""
        return {**self._body(), "digest": self.digest}

    def _body(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))


def digest_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 of JSON's types, written in the one way that the kit's `run.py` writes them to be hashed."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
