"""`models`: what the zoo holds, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from typing import Any, Literal, get_args

from edgewise.blocks import Task
from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import families
from edgewise.papers.architecture import SMALLEST_MAP

Order = Literal["name", "multiply-adds", "parameters", "memory"]


@dataclass(frozen=True)
class ModelInfo:
    """A variant of the zoo and its costs for one image, of `size` pixels in height.

    `multiply_adds` and `parameters` are counts, `peak_activation_bytes` is memory at fp32.
    """

    name: str
    family: str
    paper: str
    size: int
    multiply_adds: int
    parameters: int
    peak_activation_bytes: int


_KEYS: dict[str, Callable[[ModelInfo], Any]] = {
    "name": lambda info: info.name,
    "multiply-adds": lambda info: info.multiply_adds,
    "parameters": lambda info: info.parameters,
    "memory": lambda info: info.peak_activation_bytes,
}


def models(
    pattern: str = "*",
    *,
    family: str | None = None,
    size: int | None = None,
    sort: Order = "multiply-adds",
    task: Task = "classify",
) -> list[ModelInfo]:
    """The variants for `task` whose names match `pattern` (`mobilenet*`), cheapest first by `sort`.

    `size` counts them for images of that many pixels instead of the papers', without those that do not fit on such
    images. Raises `EdgewiseError` for an unknown family or order, a pattern that matches nothing, and images too small
    for all.
    """
    if task not in get_args(Task):
        raise EdgewiseError(f"there is no task '{task}'; choose {', '.join(get_args(Task))}")
    known = [one.name for one in families(task)]
    if family is not None and family not in known:
        near = get_close_matches(family, known, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise EdgewiseError(f"there is no family '{family}'; {hint}there are {', '.join(known)}")
    if sort not in _KEYS:
        raise EdgewiseError(f"models cannot be sorted by '{sort}'; choose {', '.join(_KEYS)}")
    found: list[ModelInfo] = []
    too_small: EdgewiseError | None = None
    for one in families(task):
        if family is not None and one.name != family:
            continue
        for name, build in one.variants.items():
            if not fnmatch(name, pattern):
                continue
            try:
                least = SMALLEST_MAP if task == "classify" else 1
                architecture = build() if size is None else build().with_input(size, smallest_map=least)
            except EdgewiseError as error:
                too_small = error
                continue
            costs = count(architecture)
            found.append(
                ModelInfo(
                    name=name,
                    family=one.name,
                    paper=one.paper,
                    size=architecture.input[1],
                    multiply_adds=costs.multiply_adds,
                    parameters=costs.parameters,
                    peak_activation_bytes=costs.peak_activation_bytes,
                )
            )
    if not found and too_small:
        raise too_small
    if not found:
        raise EdgewiseError(f"no model's name matches '{pattern}'; {_elsewhere(pattern, task)}")
    return sorted(found, key=_KEYS[sort])


def _elsewhere(pattern: str, task: Task) -> str:
    """Where what was looked for is listed."""
    for other in get_args(Task):
        if other != task and any(fnmatch(name, pattern) for one in families(other) for name in one.variants):
            return f"there are some for another task: add --task {other}"
    option = "" if task == "classify" else f" --task {task}"
    return f"`edgewise models{option}` lists them all"


@dataclass(frozen=True)
class WeightsInfo:
    """A set of weights that others have published for the zoo's `model`.

    `source` and `name` are what `--weights` takes, `top1` and `top5` the accuracies on ImageNet's validation images
    that the source reports (shares of one), `size` the pixels a side they were evaluated with, `url` where they are.
    """

    model: str
    source: str
    name: str
    size: int
    top1: float | None
    top5: float | None
    url: str


def published_weights(pattern: str = "*", *, family: str | None = None) -> list[WeightsInfo]:
    """The weights of others for the variants whose names match `pattern`, most accurate first.

    Raises `EdgewiseError` for an unknown family, and where nobody publishes weights for what matches.
    """
    from edgewise.weights.foreign import pretrained

    wanted = {info.name for info in models(pattern, family=family)}
    found = [
        WeightsInfo(
            model=entry.model,
            source=entry.source,
            name=entry.name,
            size=entry.size,
            top1=entry.top1 and round(entry.top1, 5),
            top5=entry.top5 and round(entry.top5, 5),
            url=entry.url or entry.hub_page,
        )
        for entry in pretrained()
        if entry.model in wanted
    ]
    if not found:
        raise EdgewiseError(f"nobody that edgewise knows publishes weights for '{pattern}'; leave out the pattern")
    return sorted(found, key=lambda info: -(info.top1 or 0))
