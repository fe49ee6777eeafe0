"""`figures`: the pictures that explain why networks are fast, written as SVG files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from edgewise.errors import EdgewiseError
from edgewise.explaining.comparisons import COMPARISONS
from edgewise.explaining.stories import STORIES
from edgewise.explaining.stretches import STRETCHES
from edgewise.explaining.wiring import wiring
from edgewise.files import write_text


@dataclass(frozen=True)
class Figure:
    """A figure by its name: what it shows, what draws the content of its SVG file, and whether that is measured."""

    name: str
    says: str
    drawn: Callable[[], str]
    measured: bool = False


def available() -> list[Figure]:
    """All figures: the wiring of blocks, then cost stories, then what is measured on this machine."""

    def of_stretch(name: str) -> Figure:
        one = STRETCHES[name]
        return Figure(name, one.title, lambda: wiring(one.connectivity, one.title))

    def of_comparison(name: str) -> Figure:
        return Figure(name, COMPARISONS[name].says, lambda: _measured(name), measured=True)

    return [
        *map(of_stretch, STRETCHES),
        *(Figure(name, one.says, one.figure) for name, one in STORIES.items()),
        *map(of_comparison, COMPARISONS),
    ]


def figures(
    out: str | Path,
    names: Sequence[str] = (),
    *,
    measured: bool = False,
    tell: Callable[[str], None] | None = None,
) -> list[Path]:
    """Writes the figures `names` into the folder `out` as `NAME.svg`, by default all that are computed, with `measured`
    also those whose networks are timed on this machine, some seconds each. Raises `EdgewiseError` for a name that is
    none, before anything is written."""
    known = {one.name: one for one in available()}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise EdgewiseError(f"there is no figure '{name}'; {hint}")
    written: list[Path] = []
    for name in names or [name for name, one in known.items() if measured or not one.measured]:
        path = Path(out) / f"{name}.svg"
        write_text(path, known[name].drawn())
        written.append(path)
        if tell is not None:
            tell(f"{path}: {known[name].says}")
    return written


def _measured(name: str) -> str:
    from edgewise.profiling.comparing import compared

    return compared(name)
