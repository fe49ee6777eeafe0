"""Light heads for segmentation: R-ASPP (MobileNetV2, section 6.3) and LR-ASPP (MobileNetV3, section 6.4, Figure 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.heads import Head, Task
from edgewise.errors import EdgewiseError
from edgewise.graph import functional as f
from edgewise.graph.value import Value

_WINDOW, _STRIDE = (49, 49), (16, 20)
_PAPERS_MAP = (65, 129)
"""The map on which Figure 10's pooling has that window and stride: 1/16 of 1025×2049 pixels."""

IMAGE = "input"


def to_image(x: Value) -> Value:
    """Class scores at the size of the image."""
    return f.resize(x, x.elsewhere(IMAGE).map, name="upsample")


def branch_widths(given: tuple[int, ...], filters: int, branches: int) -> tuple[int, ...]:
    """The widths of so many branches: those `given`, or `filters` for all. Raises `EdgewiseError` where there are more
    or fewer than branches."""
    if given and len(given) != branches:
        raise EdgewiseError(f"{len(given)} widths were given for {branches} branches; give each one")
    return given or (filters,) * branches


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteRASPP(Head):
    """LR-ASPP: a 1×1 branch gated by a coarse average of the map, and class scores from it and from `low`, the name of
    a larger map, added up. The output is `(classes, H, W)` for images of `H` × `W`.

    The average is over windows of 49×49 at stride (16, 20), both scaled from the paper's map to the one at hand; not
    `windowed`, it is over the whole map (torchvision, whose gate has no bias either).
    """

    task: ClassVar[Task] = "segment"

    low: str
    filters: int = 128
    windowed: bool = True
    gate_bias: bool = True
    eps: float | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (IMAGE, self.low)

    def apply(self, x: Value) -> Value:
        low = x.elsewhere(self.low)
        y = conv_bn_act(x, self.filters, eps=self.eps, activation="relu", name="branch")
        gate = f.conv(self._average(x), self.filters, bias=self.gate_bias, name="gate.conv")
        gate = f.activate(gate, "sigmoid", name="gate.activation")
        if gate.map != (1, 1):
            gate = f.resize(gate, x.map, name="gate.resize")
        y = f.resize(y * gate, low.map, name="branch.resize")
        scores = f.conv(y, self.classes, bias=True, name="classes")
        return to_image(scores + f.conv(low, self.classes, bias=True, name="low_classes"))

    def _average(self, x: Value) -> Value:
        if not self.windowed:
            return f.global_pool(x, name="gate.pool")
        sides = zip(x.map, _PAPERS_MAP, _WINDOW, _STRIDE, strict=True)
        windows = [
            (min(side, max(1, round(window * side / papers))), max(1, round(stride * side / papers)))
            for side, papers, window, stride in sides
        ]
        (height, down), (width, across) = windows
        return f.pool(x, "average", kernel=(height, width), stride=(down, across), padding="valid", name="gate.pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class RASPP(Head):
    """R-ASPP: ASPP reduced to its 1×1 branch and the mean over the map. The output is `(classes, H, W)` for images of
    `H` × `W`. Both branches have `filters` too, unless `branch_filters` says what each has."""

    task: ClassVar[Task] = "segment"

    filters: int = 256
    branch_filters: tuple[int, ...] = ()
    dropout: float = 0.1
    eps: float | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (IMAGE,)

    def apply(self, x: Value) -> Value:
        in_branch, in_image = branch_widths(self.branch_filters, self.filters, 2)
        branch = conv_bn_act(x, in_branch, eps=self.eps, activation="relu", name="branch")
        mean = conv_bn_act(f.global_pool(x), in_image, eps=self.eps, activation="relu", name="image")
        y = f.concat(branch, f.resize(mean, x.map, name="image.resize"))
        y = conv_bn_act(y, self.filters, eps=self.eps, activation="relu", name="project")
        return to_image(f.conv(f.dropout(y, self.dropout), self.classes, bias=True, name="classes"))

    def explicit(self, channels: int) -> Self:
        return replace(self, branch_filters=branch_widths(self.branch_filters, self.filters, 2))
