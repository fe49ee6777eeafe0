"""The run folder: what is decided and measured is kept as it comes, so that the same command goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from edgewise.errors import EdgewiseError
from edgewise.files import write_text

T = TypeVar("T")

_ASKED = "asked.json"


class RunFolder:
    """The folder of one fit. `state/` in it keeps every finished stage.

    `asked` is everything that was asked for; a folder that holds a run of something else is refused.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any]) -> None:
        self.path = path
        self._state = path / "state"
        self.digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        kept = self._read(_ASKED)
        if kept is None:
            write_text(self._state / _ASKED, json.dumps({"digest": self.digest, "asked": asked}, indent=1))
        elif kept.get("digest") != self.digest:
            changed = [key for key, value in asked.items() if kept.get("asked", {}).get(key) != value]
            raise EdgewiseError(
                f"{path} holds a run that was asked for something else ({', '.join(changed) or 'another version'}); "
                "give the same options to go on with it, or choose another folder with --out"
            )

    def stage(self, name: str, make: Callable[[], T], to_json: Callable[[T], Any], from_json: Callable[[Any], T]) -> T:
        """The result of the stage `name`: read when the folder has it, else made and kept."""
        content = self._read(f"{name}.json")
        if content is not None:
            return from_json(content)
        made = make()
        write_text(self._state / f"{name}.json", json.dumps(to_json(made), indent=1))
        return made

    def has(self, name: str) -> bool:
        """Whether the stage `name` is finished."""
        return (self._state / f"{name}.json").exists()

    def _read(self, name: str) -> Any:
        path = self._state / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise EdgewiseError(f"{path} cannot be read ({error}); delete it to measure that part again") from None
