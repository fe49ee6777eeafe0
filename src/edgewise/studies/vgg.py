"""VGG with depthwise separable convolutions in place of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgewise.blocks import Classifier, ConvBNAct, DepthwiseSeparable, FullyConnected
from edgewise.papers import Architecture, find
from edgewise.studies.study import Claim, Study, Variant, plain


def _without_hidden_layers() -> Architecture:
    """VGG-11 with batch norm, and the mean over the map in place of its fully connected layers, which are of one input
    size."""
    base = find("vgg11_bn")
    rows = [row for row in base.rows if not isinstance(row, FullyConnected | Classifier)]
    return replace(base, name="vgg11_mean", rows=(*rows, Classifier(classes=1000)))


def _separable(base: Architecture) -> Architecture:
    first, *rest = base.rows
    rows = [DepthwiseSeparable(out_channels=row.out_channels) if isinstance(row, ConvBNAct) else row for row in rest]
    return replace(base, name=f"{base.name}_separable", rows=(first, *rows))


def _variants() -> Mapping[str, Variant]:
    base = _without_hidden_layers()
    return plain({"3×3": base, "separable": _separable(base)})


STUDIES = (
    Study(
        "depthwise_vgg",
        "What does VGG lose with depthwise separable convolutions?",
        "MobileNets, Table 4, for another network: 1.1 points for an eighth of the multiply-adds",
        _variants,
        (Claim("separable convolutions lose little", "separable", "3×3", 0.02),),
        width=0.25,
    ),
)
