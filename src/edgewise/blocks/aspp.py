"""Atrous spatial pyramid pooling (Chen et al., Rethinking Atrous Convolution, 2017: DeepLabV3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.heads import Head, Task
from edgewise.blocks.lite_aspp import to_image
from edgewise.graph import functional as f
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ASPP(Head):
    """A 1×1 convolution, 3×3 convolutions at several `rates`, and the mean over the map, side by side (section 3.3).

    The rates are for an output stride of 16 and double at 8. With `refine` a 3×3 convolution stands between the pyramid
    and the class scores (torchvision). The output is `(classes, H, W)` for images of `H` × `W`.
    """

    task: ClassVar[Task] = "segment"

    filters: int = 256
    rates: tuple[int, ...] = (6, 12, 18)
    refine: bool = False
    dropout: float = 0.1
    eps: float | None = None

    def apply(self, x: Value) -> Value:
        branches = [conv_bn_act(x, self.filters, eps=self.eps, activation="relu", name="pointwise")]
        branches += [
            conv_bn_act(x, self.filters, kernel=3, dilation=rate, eps=self.eps, activation="relu", name=f"atrous{rate}")
            for rate in self.rates
        ]
        mean = conv_bn_act(f.global_pool(x), self.filters, eps=self.eps, activation="relu", name="image")
        branches.append(f.resize(mean, x.map, name="image.resize"))
        y = conv_bn_act(f.concat(*branches), self.filters, eps=self.eps, activation="relu", name="project")
        y = f.dropout(y, self.dropout)
        if self.refine:
            y = conv_bn_act(y, self.filters, kernel=3, eps=self.eps, activation="relu", name="refine")
        return to_image(f.conv(y, self.classes, bias=True, name="classes"))
