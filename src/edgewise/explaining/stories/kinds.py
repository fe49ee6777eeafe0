"""Where the cost sits: the multiply-adds and the parameters of networks by kind of layer."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.costs import count
from edgewise.explaining.shares import Whole, shares_figure
from edgewise.papers import find

NETWORKS = (
    "vgg16",
    "resnet50",
    "xception",
    "mobilenet_v1",
    "shufflenet_v1_g3",
    "mobilenet_v2",
    "shufflenet_v2",
    "fd_mobilenet",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
)
KINDS = ("convolution", "pointwise", "grouped", "depthwise", "linear")


def multiply_adds(name: str) -> Mapping[str, int]:
    """Of a network by the first word of its kinds; what has none is left out."""
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    for kind, cost in count(find(name)).by_kind().items():
        word = kind.partition(" ")[0].replace("conv", "convolution")
        if cost.multiply_adds:
            found[word] += cost.multiply_adds
    return found


def figure() -> str:
    return shares_figure(
        [Whole(name, multiply_adds(name)) for name in NETWORKS],
        summary="The multiply-adds of networks by kind of layer: in mobile networks nearly all are pointwise.",
        heading="share of the multiply-adds, %",
    )
