"""SSD's head: boxes and scores from several maps (Liu et al., 2015), and SSDLite's (MobileNetV2, section 6.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from edgewise.blocks.anchors import AnchorMap
from edgewise.blocks.conv import conv_act, conv_bn_act
from edgewise.blocks.heads import Head, Task
from edgewise.blocks.row import Row, Scaling
from edgewise.errors import EdgewiseError
from edgewise.graph import functional as f
from edgewise.graph.functional import PaddingRule
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value

SSDForm = Literal["ssd", "ssdlite"]

_LEAST = 16
"""Channels that a scaled extra keeps at least (TensorFlow's `min_depth`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A further, smaller map: 1×1 to `reduced`, 3×3 at `stride` to `out_channels`; in SSDLite the 3×3 is depthwise and
    a 1×1 follows."""

    reduced: int
    out_channels: int
    stride: int = 2
    padding: PaddingRule = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class SSD(Head):
    """Boxes and class scores of all anchors, from the value called `first`, the row's input, and the `extras`.

    The main output is the scores `(anchors, 1 + classes)`, the background first, before softmax or sigmoid; `boxes`,
    `(anchors, 4)`, are beside it: the distances from the anchors (`edgewise.detection.coding`). `anchors` are by map.
    In the form "ssdlite" the 3×3 convolutions are depthwise separable. `scale_first` puts the first map on a common
    scale (SSD, section 3.1: conv4_3). Without `batch_norm` convolutions have biases, as in the paper.
    """

    task: ClassVar[Task] = "detect"

    first: str
    anchors: tuple[AnchorMap, ...]
    extras: tuple[Extra, ...]
    form: SSDForm = "ssdlite"
    activation: ActivationKind = "relu6"
    batch_norm: bool = True
    scale_first: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.first,)

    def __str__(self) -> str:
        """The anchors of a cell by map, and the widths of the extras, in place of each with all its fields."""
        anchors = "+".join(str(len(one.anchors)) for one in self.anchors)
        extras = ", ".join(str(extra.out_channels) for extra in self.extras)
        return f"SSD(classes={self.classes}, form={self.form!r}, anchors a cell: {anchors}, extras: {extras})"

    def maps(self, x: Value) -> tuple[Value, ...]:
        """What boxes are predicted from, from the largest map to the smallest."""
        first = x.elsewhere(self.first)
        found = [f.l2_norm(first, name="scaled") if self.scale_first else first, x]
        for number, extra in enumerate(self.extras):
            found.append(self._extra(found[-1], extra, f"extra{number}"))
        if len(found) != len(self.anchors):
            raise EdgewiseError(f"there are anchors for {len(self.anchors)} maps, and {len(found)} maps")
        return tuple(found)

    def apply(self, x: Value) -> Value:
        boxes: list[Value] = []
        scores: list[Value] = []
        for number, (value, anchors) in enumerate(zip(self.maps(x), self.anchors, strict=True)):
            count = len(anchors.anchors)
            for lists, length, name in ((boxes, 4, f"boxes{number}"), (scores, 1 + self.classes, f"classes{number}")):
                lists.append(f.cell_list(self._predicted(value, count * length, name), length, name=name + ".list"))
        f.concat(*boxes, name="boxes").emit("boxes")
        return f.concat(*scores, name="scores")

    def _extra(self, x: Value, extra: Extra, name: str) -> Value:
        step = conv_bn_act if self.batch_norm else conv_act
        y = step(x, extra.reduced, activation=self.activation, name=name + "_reduce")
        wide = {"kernel": 3, "stride": extra.stride, "padding": extra.padding, "activation": self.activation}
        if self.form == "ssd":
            return step(y, extra.out_channels, **wide, name=name)
        y = step(y, y.channels, groups=y.channels, **wide, name=name + "_depthwise")
        return step(y, extra.out_channels, activation=self.activation, name=name)

    def _predicted(self, x: Value, channels: int, name: str) -> Value:
        if self.form == "ssd":
            return f.conv(x, channels, kernel=3, bias=True, name=name)
        step = conv_bn_act if self.batch_norm else conv_act
        y = step(x, x.channels, kernel=3, groups=x.channels, activation=self.activation, name=name + "_depthwise")
        return f.conv(y, channels, bias=True, name=name)

    def scaled(self, scaling: Scaling) -> Self:
        """Narrower below 1, and never wider (TensorFlow's configurations)."""

        def width(channels: int) -> int:
            return max(_LEAST, int(channels * min(1.0, scaling.multiplier)))

        extras = (
            replace(one, reduced=width(one.out_channels) // 2, out_channels=width(one.out_channels))
            for one in self.extras
        )
        return replace(self, extras=tuple(extras))


@dataclass(frozen=True, slots=True, kw_only=True)
class AtrousStage(Row):
    """VGG's last pooling and first two fully connected layers as SSD has them (section 3, "base network"): a 3×3
    maximum at stride 1, a 3×3 convolution whose taps are `dilation` apart, and a 1×1 convolution."""

    out_channels: int = 1024
    dilation: int = 6

    def apply(self, x: Value) -> Value:
        y = f.pool(x, "max", kernel=3, stride=1)
        y = conv_act(y, self.out_channels, kernel=3, dilation=self.dilation, activation="relu", name="atrous")
        return conv_act(y, self.out_channels, activation="relu", name="pointwise")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, out_channels=scaling.width(self.out_channels))
