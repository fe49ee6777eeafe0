"""The run folder: what is decided and measured is kept as it comes, so that the same command goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from edgewise.errors import EdgewiseError
from edgewise.files import write_text

T = TypeVar("T")

_ASKED = "asked.json"
_PLANNED = "planned"
_STATE = "state"
_NAMED = 6


class RunFolder:
    """The folder of one run, a context manager. `state/` in it keeps what was asked for and every finished stage.

    `asked` is everything that decides what the run does, by the names its user knows; a folder that holds a run of
    something else, or a model from elsewhere, is refused with an `EdgewiseError`. A block that fails before anything
    else is in the folder leaves nothing behind. A run that is only looked at ahead (`planned`) leaves those of what is
    asked open that are named in `later`: the run itself, or another look, may ask otherwise.
    """

    def __init__(
        self, path: Path, asked: Mapping[str, Any], *, planned: bool = False, later: Collection[str] = ()
    ) -> None:
        self.path = path
        self._state = path / _STATE
        self._asked = asked
        self._planned = planned
        self._made: list[Path] = []
        self.digest = _digest(asked)
        if path.exists() and not path.is_dir():
            raise EdgewiseError(f"{path} is a file and the run needs a folder; choose another with --out")
        if self._is_bare():
            return
        kept = self._read(self._state / _ASKED)
        if kept is None:
            strangers = [name for name in ("model.safetensors", "model.onnx") if (path / name).exists()]
            if strangers:
                raise EdgewiseError(f"{path} holds the {strangers[0]} of another run; choose another folder with --out")
            return
        was_planned = kept.get(_PLANNED, False)
        self._refuse_another(kept, set(later) if planned or was_planned else set())
        if planned and not was_planned:  # a look at a run that has begun changes nothing of it
            self._asked, self._planned = kept.get("asked", {}), False

    def _refuse_another(self, kept: Mapping[str, Any], still_open: set[str]) -> None:
        """Raises `EdgewiseError` where what is kept was asked for something else than now, but for `still_open`."""
        if kept.get("digest") == self.digest:
            return
        before, now = kept.get("asked", {}), json.loads(json.dumps(self._asked))
        if before.get("verb", now.get("verb")) != now.get("verb"):
            raise EdgewiseError(
                f"{self.path} holds a run of `edgewise {before['verb']}`; choose another folder with --out"
            )
        changed = [name for name in sorted({*now, *before} - still_open) if before.get(name) != now.get(name)]
        if still_open and not changed:
            return
        named = ", ".join(changed[:_NAMED]) + (", …" if len(changed) > _NAMED else "")
        raise EdgewiseError(
            f"{self.path} holds a run that was asked for something else ({named}); "
            "give the same options to go on with it, or choose another folder with --out"
        )

    def __enter__(self) -> RunFolder:
        self._made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        content = {"digest": _digest(self._asked), "asked": self._asked} | ({_PLANNED: True} if self._planned else {})
        write_text(self._state / _ASKED, json.dumps(content, indent=1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self._is_bare():
            shutil.rmtree(self._state, ignore_errors=True)
            with suppress(OSError):  # something of the user's is in there
                for folder in self._made:
                    folder.rmdir()

    def stage(self, name: str, make: Callable[[], T], to_json: Callable[[T], Any], from_json: Callable[[Any], T]) -> T:
        """The result of the stage `name`: read when the folder has it, else made and kept.

        Raises `EdgewiseError` when what the folder has is damaged or of another version.
        """
        path = self._state / f"{name}.json"
        content = self._read(path)
        if content is not None:
            try:
                return from_json(content)
            except (EdgewiseError, LookupError, TypeError, ValueError, AttributeError) as error:
                raise self._unusable(path, error) from None
        made = make()
        write_text(path, json.dumps(to_json(made), indent=1, allow_nan=False))
        return made

    def _is_bare(self) -> bool:
        """Whether the folder holds nothing but what was asked for: no stage was finished, no training begun."""
        return _names(self.path) <= {_STATE} and _names(self._state) <= {_ASKED}

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._unusable(path, error) from None
        if not isinstance(content, dict):
            raise self._unusable(path, "it is no JSON object")
        return content

    def _unusable(self, path: Path, problem: object) -> EdgewiseError:
        return EdgewiseError(f"{path} cannot be used ({problem}); delete {self.path} to begin the run again")


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _names(folder: Path) -> set[str]:
    """What is in `folder`, but for hidden files: those a killed run was just writing, or the system's own."""
    if not folder.is_dir():
        return set()
    return {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
