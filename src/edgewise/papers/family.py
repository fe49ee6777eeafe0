"""A paper's variants by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from edgewise.blocks import Task
from edgewise.papers.architecture import Architecture

Build = Callable[[], Architecture]
AtWidth = Callable[[float], Architecture]


@dataclass(frozen=True)
class Family:
    """All variants of one paper. `scalable` builds one at any width; `fit` takes its candidates from there. `task` is
    what they do."""

    name: str
    paper: str
    variants: Mapping[str, Build]
    scalable: Mapping[str, AtWidth] = field(default_factory=dict)
    task: Task = "classify"


def at_widths(name: str, build: AtWidth, *widths: float) -> dict[str, Build]:
    """`build` at each of `widths`, by the names that `Architecture.scaled` gives: `name`, `name_0.5`."""
    return {scaled_name(name, width): partial(build, width) for width in widths}


def scaled_name(name: str, width: float) -> str:
    return name if width == 1 else f"{name}_{width:g}"
