"""The trials of a search, and the file they lie in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise.files import write_text
from edgewise.searching.front import front
from edgewise.searching.space import Point
from edgewise.tasks.storage import Direction

ARCHIVE = "archive.json"
"""All trials, in the order of their numbers."""

LOCK = "lock"
"""Who holds it leads the search: it is there once a search has begun."""

RECORD, PAGE = "search.json", "report.html"
"""What is written at the end of a search: all there is to know of it, and the same for reading."""

DIRECTIONS: tuple[Direction, Direction] = ("maximize", "minimize")
"""Of what a trial has as its result: accuracy, and latency in ms."""


@dataclass(frozen=True)
class Trial:
    """A proposal and what came of it. `like` is the trial that had the same network before, whose accuracy this one
    has too; `accuracy` is None where the point is no network, or could not be evaluated."""

    number: int
    point: Point
    digest: str | None
    cost: float
    accuracy: float | None
    like: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "point": list(self.point)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Trial:
        return cls(**{**content, "point": tuple(content["point"])})


def front_of(trials: Sequence[Trial]) -> list[Trial]:
    """Those that no other beats in accuracy and cost, cheapest first."""
    known = [one for one in trials if one.accuracy is not None and one.like is None]
    return [known[place] for place in front([(one.accuracy or 0.0, one.cost) for one in known])]


def write_archive(folder: Path, trials: Sequence[Trial]) -> None:
    """All trials as JSON, in the order of their numbers."""
    write_text(folder / ARCHIVE, json.dumps([one.to_json() for one in trials], indent=1) + "\n")


def read_archive(folder: Path) -> list[Trial]:
    """What `write_archive` wrote. Raises `EdgewiseError` where there is nothing, or something else."""
    path = folder / ARCHIVE
    try:
        return [Trial.from_json(one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise EdgewiseError(f"{folder} has no search; begin one with `edgewise search --out {folder}`") from None
    except (ValueError, LookupError, TypeError) as error:
        raise EdgewiseError(f"{path} cannot be used ({error}); run the search again") from None
