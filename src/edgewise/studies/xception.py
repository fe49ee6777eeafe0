"""Xception (Chollet, 2016): residuals, activations inside separable convolutions, and how many segments."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, Row
from edgewise.papers import Architecture, find
from edgewise.studies.study import Claim, Study, Variant, plain

_WIDTHS = ((32, 1), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2))
"""Channels and strides of the modules of the segmented networks."""


def _residual() -> Mapping[str, Variant]:
    return plain({"residual": find("xception"), "plain": find("xception_plain")})


def _activation() -> Mapping[str, Variant]:
    return plain({"none": find("xception"), "ReLU": find("xception_relu"), "ELU": find("xception_elu")})


def _segmented(segments: int) -> Architecture:
    """Modules of a 1×1 convolution and a 3×3 in `segments`: with one that is a regular convolution, with as many as
    channels (0) Xception's (section 1.2, Figures 3 and 4)."""
    rows: list[Row] = [ConvBNAct(out_channels=32, stride=2)]
    for channels, stride in _WIDTHS:
        rows.append(ConvBNAct(out_channels=channels, kernel=1))
        rows.append(ConvBNAct(out_channels=channels, stride=stride, groups=segments or channels))
    return Architecture(f"segments_{segments or 'all'}", (*rows, Classifier(classes=1000)))


def _segments() -> Mapping[str, Variant]:
    return plain({"1": _segmented(1), "4": _segmented(4), "16": _segmented(16), "all": _segmented(0)})


STUDIES = (
    Study(
        "xception_residual",
        "Do residual connections help Xception?",
        "Xception, section 4.6 and Figure 9",
        _residual,
        (Claim("residual connections are essential", "residual", "plain"),),
        width=0.125,
    ),
    Study(
        "xception_activation",
        "Does an activation between depthwise and pointwise convolution help?",
        "Xception, section 4.7 and Figure 10",
        _activation,
        (
            Claim("no activation is better than ReLU", "none", "ReLU"),
            Claim("no activation is better than ELU", "none", "ELU"),
        ),
        width=0.125,
    ),
    Study(
        "segments",
        "From a regular convolution to Inception's segments to one for each channel: what is lost?",
        "Xception, section 1.2",
        _segments,
        (
            Claim("channels and space can be mapped apart: all segments lose little against 4", "all", "4", 0.02),
            Claim("4 segments lose little against a regular convolution", "4", "1", 0.02),
        ),
        width=1.0,
    ),
)
