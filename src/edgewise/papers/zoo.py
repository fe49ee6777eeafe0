"""The zoo: every variant by name."""

from __future__ import annotations

from difflib import get_close_matches

from edgewise.errors import EdgewiseError
from edgewise.papers import (
    alexnet,
    fd_mobilenet,
    googlenet,
    inception_v3,
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
)


def families() -> tuple[Family, ...]:
    """The families in the order of their papers."""
    return _FAMILIES


def names() -> list[str]:
    """The names of all variants."""
    return [name for family in families() for name in family.variants]


def find(name: str) -> Architecture:
    """The variant called `name`. Raises `EdgewiseError` with the nearest name when there is none."""
    for family in families():
        if name in family.variants:
            return family.variants[name]()
    near = get_close_matches(name, names(), 1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise EdgewiseError(f"no model is called '{name}'; {hint}`edgewise models` lists them all")
