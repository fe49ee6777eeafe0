"""`search status`: how far a search is, read from its folder while it runs or after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise.searching.archive import ARCHIVE, DIRECTIONS, LOCK, PAGE, RECORD, Trial, front_of, read_archive
from edgewise.tasks.queue import FILE, Queue

_FIRST = "no network has been tried yet: first latencies are measured, and weights trained that networks share"


@dataclass(frozen=True)
class SearchStatus:
    """The number of trials, their front, and in words what is going on."""

    trials: int
    front: tuple[Trial, ...]
    state: str

    def to_json(self) -> dict[str, Any]:
        return {"trials": self.trials, "front": [one.to_json() for one in self.front], "state": self.state}


def search_status(folder: Path) -> SearchStatus:
    """How far the search in `folder` is. Raises `EdgewiseError` where there is none."""
    if not folder.is_dir():
        raise EdgewiseError(f"there is no folder {folder}; begin a search with `edgewise search --out {folder}`")
    if (folder / LOCK).exists() and not (folder / ARCHIVE).exists():
        return SearchStatus(0, (), f"{_FIRST}; if it was stopped, the same command goes on with it")
    trials = read_archive(folder)
    return SearchStatus(len(trials), tuple(front_of(trials)), _state(folder))


def _state(folder: Path) -> str:
    if (folder / FILE).exists():
        look = Queue(folder, directions=DIRECTIONS).look()
        running, waiting = len(look.running()), len(look.asked())
        if waiting:
            return f"{running} networks are being evaluated, or were when it was stopped; {waiting - running} wait"
    if (folder / RECORD).exists():
        return f"finished; see {folder / PAGE}"
    if not (folder / FILE).exists():
        return "its tasks are on a server, or it has not begun"
    return "nothing is being evaluated; the same command goes on with it"
