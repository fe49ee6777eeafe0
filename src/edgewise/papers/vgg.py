"""Very Deep Convolutional Networks for Large-Scale Image Recognition (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from functools import partial

from edgewise.blocks import Classifier, ConvAct, ConvBNAct, FullyConnected, MaxPool, Row
from edgewise.errors import EdgewiseError
from edgewise.papers.architecture import Architecture
from edgewise.papers.family import Family

WIDTHS = (64, 128, 256, 512, 512)

CONVOLUTIONS: dict[int, tuple[int, int, int, int, int]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Table 1, configurations A, B, D and E: 3×3 convolutions between the poolings, by depth."""


def vgg(depth: int, *, batch_norm: bool = False) -> Architecture:
    """Table 1; with `batch_norm` as later releases train it."""
    if depth not in CONVOLUTIONS:
        raise EdgewiseError(f"there is no VGG-{depth}; the paper has {', '.join(map(str, CONVOLUTIONS))}")
    rows: list[Row] = []
    for width, number in zip(WIDTHS, CONVOLUTIONS[depth], strict=True):
        convolution = ConvBNAct(out_channels=width, bias=True) if batch_norm else ConvAct(out_channels=width)
        rows += [convolution] * number
        rows.append(MaxPool(kernel=2, padding="valid"))
    rows += [FullyConnected(out_features=4096), FullyConnected(out_features=4096), Classifier(classes=1000)]
    return Architecture(name=f"vgg{depth}" + ("_bn" if batch_norm else ""), family="vgg", rows=tuple(rows))


FAMILY = Family(
    "vgg",
    "Simonyan and Zisserman, Very Deep Convolutional Networks, 2014",
    {f"vgg{depth}": partial(vgg, depth) for depth in CONVOLUTIONS}
    | {f"vgg{depth}_bn": partial(vgg, depth, batch_norm=True) for depth in CONVOLUTIONS},
)
