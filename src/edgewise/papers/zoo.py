"""The zoo: every variant by name."""

from __future__ import annotations

from difflib import get_close_matches

from edgewise.blocks import Task
from edgewise.errors import EdgewiseError
from edgewise.papers import (
    alexnet,
    deeplab_v3,
    fd_mobilenet,
    googlenet,
    inception_v3,
    lr_aspp,
    mnasnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    resnet,
    resnext,
    senet,
    shufflenet_v1,
    shufflenet_v2,
    squeezenet,
    ssd,
    ssdlite,
    vgg,
    xception,
)
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

_FAMILIES = (
    alexnet.FAMILY,
    vgg.FAMILY,
    googlenet.FAMILY,
    inception_v3.FAMILY,
    resnet.FAMILY,
    squeezenet.FAMILY,
    xception.FAMILY,
    resnext.FAMILY,
    mobilenet_v1.FAMILY,
    shufflenet_v1.FAMILY,
    senet.FAMILY,
    mobilenet_v2.FAMILY,
    fd_mobilenet.FAMILY,
    shufflenet_v2.FAMILY,
    mnasnet.FAMILY,
    mobilenet_v3.FAMILY,
    ssd.FAMILY,
    ssdlite.FAMILY,
    deeplab_v3.FAMILY,
    lr_aspp.FAMILY,
)


def families(task: Task = "classify") -> tuple[Family, ...]:
    """The families that do `task`, in the order of their papers."""
    return tuple(family for family in _FAMILIES if family.task == task)


def names(task: Task = "classify") -> list[str]:
    """The names of all variants that do `task`."""
    return [name for family in families(task) for name in family.variants]


def find(name: str) -> Architecture:
    """The variant called `name`; a family's name stands for the network of its paper, where there is one that all
    widths are made of. Raises `EdgewiseError` with the nearest name when there is none."""
    for family in _FAMILIES:
        if name in family.variants:
            return family.variants[name]()
        if name == family.name and len(family.scalable) == 1:
            return find(next(iter(family.scalable)))
    every = [name for family in _FAMILIES for name in family.variants]
    near = get_close_matches(name, every, 1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise EdgewiseError(f"no model is called '{name}'; {hint}`edgewise models` lists them all")
