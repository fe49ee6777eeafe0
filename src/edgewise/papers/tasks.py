"""Any network of the zoo for another task, other classes and other images."""

from __future__ import annotations

from edgewise.blocks import Task
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.lr_aspp import lr_aspp
from edgewise.papers.ssdlite import ssdlite

_GIVES = {"detect": "boxes", "segment": "masks"}


def for_task(base: Architecture, task: Task, classes: int, height: int, width: int) -> Architecture:
    """`base` for `classes` classes and images of `height` × `width` pixels, when it does `task`; of a classifier its
    body with SSDLite's or LR-ASPP's head. Raises `EdgewiseError` for a network of another task, images that are too
    small, and a body that the head does not fit."""
    if task == "classify":
        return base.with_classes(classes).with_input(height, width)
    if base.task == task:
        return base.with_classes(classes).with_input(height, width, smallest_map=1)
    if base.task != "classify":
        raise EdgewiseError(
            f"{base.name} gives {_GIVES[base.task]} and the data has {_GIVES[task]}; name another network"
        )
    if task == "detect":
        return ssdlite(base, classes, size=height, width=width)
    return lr_aspp(base, classes, height=height, width=width)
