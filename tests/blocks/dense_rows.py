"""Detection and segmentation over MobileNetV3: SSDLite with its tap inside a block, LR-ASPP with its two inputs.

Sources: Sandler et al. 2018, section 6.2; Howard et al. 2019, sections 6.3 and 6.4; TensorFlow's Object Detection API
and DeepLab for what the papers leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgewise.blocks import ConvBNAct, InvertedResidual, Row
from edgewise.blocks.conv import conv_bn_act
from edgewise.graph import Value
from edgewise.graph import functional as f
from edgewise.papers import Architecture, find


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraLayer(Row):
    """SSDLite's smaller maps: 1×1 down, depthwise 3×3 at stride 2, 1×1 up."""

    out_channels: int
    inner: int
    stride: int = 2

    def apply(self, x: Value) -> Value:
        y = conv_bn_act(x, self.inner, activation="relu6", name="reduce")
        y = conv_bn_act(
            y, self.inner, kernel=3, stride=self.stride, groups=self.inner, activation="relu6", name="depthwise"
        )
        return conv_bn_act(y, self.out_channels, activation="relu6", name="restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxPredictor(Row):
    """Class scores and box offsets for every cell of the value `source`, two outputs of the network."""

    source: str
    anchors: int
    classes: int

    def apply(self, x: Value) -> Value:
        y = x.elsewhere(self.source)
        for what, width in (("classes", self.classes), ("boxes", 4)):
            z = conv_bn_act(y, y.channels, kernel=3, groups=y.channels, activation="relu6", name=what + "_depthwise")
            f.conv(z, self.anchors * width, bias=True, name=what).emit(f"{what}_{self.source}")
        return x


def ssdlite(
    backbone: Architecture,
    taps: tuple[str, str],
    *,
    classes: int = 91,
    anchors: tuple[int, ...] = (3, 6, 6, 6, 6, 6),
    size: int = 320,
) -> Architecture:
    """`backbone` without its classifier, four extra maps, a predictor on each of six maps."""
    body = backbone.rows[:-1]
    extras = tuple(ExtraLayer(out_channels=width, inner=width // 2) for width in (512, 256, 256, 128))
    sources = (*taps, *(str(len(body) + number) for number in range(len(extras))))
    predictors = tuple(
        BoxPredictor(source=source, anchors=number, classes=classes)
        for source, number in zip(sources, anchors, strict=True)
    )
    return replace(backbone, name=f"ssdlite_{backbone.name}", rows=(*body, *extras, *predictors), input=(3, size, size))


@dataclass(frozen=True, slots=True, kw_only=True)
class LRASPP(Row):
    """Two branches on the last map, one of them a gate from a coarse average, and the low-level value `low`.

    `window` and `step` are the gate's average pooling: 49×49 at stride (16, 20) on full-size images; without `window`
    the mean over the whole map.
    """

    low: str
    classes: int
    filters: int = 128
    window: int = 49
    step: tuple[int, int] = (16, 20)

    def apply(self, x: Value) -> Value:
        low = x.elsewhere(self.low)
        y = conv_bn_act(x, self.filters, activation="relu", name="project")
        if self.window:
            gate = f.pool(x, "average", kernel=self.window, stride=self.step, padding="valid", name="gate_pool")
        else:
            gate = f.global_pool(x, name="gate_pool")
        gate = f.activate(f.conv(gate, self.filters, bias=True, name="gate"), "sigmoid")
        gate = f.resize(gate, y.map, align_corners=True, name="gate_resize") if self.window else gate
        y = f.resize(y * gate, low.map, align_corners=True, name="resize")
        y = f.conv(y, self.classes, bias=True, name="classes")
        y = y + f.conv(low, self.classes, bias=True, name="low_classes")
        return f.resize(y, x.elsewhere("input").map, align_corners=True, name="full_size")


Changes = Mapping[int, dict[str, int]]


def changed(architecture: Architecture, changes: Changes) -> Architecture:
    """`architecture` with fields of some rows replaced."""
    rows = list(architecture.rows)
    for index, fields in changes.items():
        row = rows[index]
        assert isinstance(row, InvertedResidual | ConvBNAct)
        rows[index] = replace(row, **fields)  # type: ignore[arg-type]
    return replace(architecture, rows=tuple(rows))


LARGE_OUTPUT_STRIDE_16: Changes = {13: {"stride": 1}, 14: {"dilation": 2}, 15: {"dilation": 2}}
"""The last stride goes; the layers behind it are dilated instead (the one that had it keeps rate 1)."""

LARGE_HALVED: Changes = {
    13: {"expanded": 336, "squeeze": 88, "out_channels": 80, "stride": 1},
    14: {"expanded": 480, "squeeze": 120, "out_channels": 80, "dilation": 2},
    15: {"expanded": 480, "squeeze": 120, "out_channels": 80, "dilation": 2},
    16: {"out_channels": 480},
}
"""RF2: the channels of the last block halved, at output stride 16."""

SMALL_HALVED: Changes = {
    9: {"expanded": 144, "squeeze": 40, "out_channels": 48, "stride": 1},
    10: {"expanded": 288, "squeeze": 72, "out_channels": 48, "dilation": 2},
    11: {"expanded": 288, "squeeze": 72, "out_channels": 48, "dilation": 2},
    12: {"out_channels": 288},
}


def lraspp(
    name: str,
    changes: Changes,
    low: str,
    *,
    filters: int = 128,
    size: tuple[int, int] = (1025, 2049),
    window: int = 49,
    step: tuple[int, int] = (16, 20),
) -> Architecture:
    """The zoo's network `name` with `changes`, LR-ASPP for 19 classes in place of its classifier."""
    backbone = changed(find(name), changes)
    head = LRASPP(low=low, classes=19, filters=filters, window=window, step=step)
    return replace(backbone, name=f"lraspp_{name}", rows=(*backbone.rows[:-1], head), input=(3, *size))


ROWS = (ExtraLayer, BoxPredictor, LRASPP)
