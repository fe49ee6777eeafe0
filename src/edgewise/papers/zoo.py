"""The zoo: every variant by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial

from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.mobilenet_v1 import conv_mobilenet, mobilenet_v1, shallow_mobilenet
from edgewise.papers.mobilenet_v2 import mobilenet_v2
from edgewise.papers.mobilenet_v3 import LARGE, SMALL, minimalistic, mobilenet_v3_large, mobilenet_v3_small
from edgewise.papers.resnet import resnet
from edgewise.papers.shufflenet_v2 import shufflenet_v2, shufflenet_v2_50

Build = Callable[[], Architecture]


@dataclass(frozen=True)
class Family:
    """All variants of one paper. `scalable` builds one at any width; `fit` takes its candidates from there."""

    name: str
    paper: str
    variants: Mapping[str, Build]
    scalable: Mapping[str, Callable[[float], Architecture]]


def _widths(build: Callable[[float], Architecture], *widths: float) -> dict[str, Build]:
    return {build(width).name: partial(build, width) for width in widths}


def _resnet(depth: int, width: float) -> Architecture:
    return resnet(depth, width=width)


@cache
def families() -> tuple[Family, ...]:
    """The families in the order of their papers."""
    v15 = {f"resnet{depth}_v1_5": partial(resnet, depth, stride_in="spatial") for depth in (50, 101, 152)}
    halves = partial(shufflenet_v2, down="torchvision")
    return (
        Family(
            "resnet",
            "He et al., Deep Residual Learning for Image Recognition, 2015",
            {f"resnet{depth}": partial(resnet, depth) for depth in (18, 34, 50, 101, 152)} | v15,
            {f"resnet{depth}": partial(_resnet, depth) for depth in (18, 34, 50)},
        ),
        Family(
            "mobilenet_v1",
            "Howard et al., MobileNets, 2017",
            _widths(mobilenet_v1, 1, 0.75, 0.5, 0.25)
            | {"mobilenet_v1_conv": conv_mobilenet, "mobilenet_v1_shallow": shallow_mobilenet},
            {"mobilenet_v1": mobilenet_v1},
        ),
        Family(
            "mobilenet_v2",
            "Sandler et al., MobileNetV2, 2018",
            _widths(mobilenet_v2, 1.4, 1.3, 1, 0.75, 0.5, 0.35),
            {"mobilenet_v2": mobilenet_v2},
        ),
        Family(
            "shufflenet_v2",
            "Ma et al., ShuffleNet V2, 2018",
            _widths(shufflenet_v2, 0.5, 1, 1.5, 2)
            | {"shufflenet_v2_50": shufflenet_v2_50}
            | _widths(halves, 0.5, 1, 1.5, 2),
            {"shufflenet_v2": shufflenet_v2},
        ),
        Family(
            "mobilenet_v3",
            "Howard et al., Searching for MobileNetV3, 2019",
            _widths(mobilenet_v3_large, 1.25, 1, 0.75, 0.5, 0.35)
            | {"mobilenet_v3_large_minimalistic": partial(minimalistic, LARGE)}
            | _widths(mobilenet_v3_small, 1.25, 1, 0.75, 0.5, 0.35)
            | {"mobilenet_v3_small_minimalistic": partial(minimalistic, SMALL)},
            {"mobilenet_v3_large": mobilenet_v3_large, "mobilenet_v3_small": mobilenet_v3_small},
        ),
    )


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
