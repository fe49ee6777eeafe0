"""A number for every network, found out once and kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.files import write_text


class KnownNumbers:
    """Numbers by the digests of networks, in the file `path`. Raises `EdgewiseError` where that cannot be used: delete
    it to `again`, "measure" or the like."""

    def __init__(self, path: Path, *, again: str) -> None:
        self._path = path
        try:
            self._known: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except ValueError as error:
            raise EdgewiseError(f"{path} cannot be used ({error}); delete it to {again} again") from None

    def __contains__(self, digest: str) -> bool:
        return digest in self._known

    def __getitem__(self, digest: str) -> float:
        return self._known[digest]

    def add(self, found: Mapping[str, float]) -> None:
        self._known |= found
        write_text(self._path, json.dumps(self._known, indent=1))
