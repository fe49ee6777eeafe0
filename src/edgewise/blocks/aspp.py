"""Atrous spatial pyramid pooling (Chen et al., Rethinking Atrous Convolution, 2017: DeepLabV3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from edgewise.blocks.conv import conv_bn_act
from edgewise.blocks.heads import Head, Task
from edgewise.blocks.lite_aspp import IMAGE, branch_widths, to_image
from edgewise.graph import functional as f
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ASPP(Head):
    """A 1×1 convolution, 3×3 convolutions at several `rates`, and the mean over the map, side by side (section 3.3).

    The rates are for an output stride of 16 and double at 8. With `refine` a 3×3 convolution stands between the pyramid
    and the class scores (torchvision). The output is `(classes, H, W)` for images of `H` × `W`. All convolutions have
    `filters`, unless `branch_filters` says what each branch has, and `refined` what the last one has.
    """

    task: ClassVar[Task] = "segment"

    filters: int = 256
    rates: tuple[int, ...] = (6, 12, 18)
    refine: bool = False
    branch_filters: tuple[int, ...] = ()
    refined: int = 0
    dropout: float = 0.1
    eps: float | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (IMAGE,)

    def apply(self, x: Value) -> Value:
        pointwise, *atrous, image = self._branch_widths
        branches = [conv_bn_act(x, pointwise, eps=self.eps, activation="relu", name="pointwise")]
        branches += [
            conv_bn_act(x, width, kernel=3, dilation=rate, eps=self.eps, activation="relu", name=f"atrous{rate}")
            for width, rate in zip(atrous, self.rates, strict=True)
        ]
        mean = conv_bn_act(f.global_pool(x), image, eps=self.eps, activation="relu", name="image")
        branches.append(f.resize(mean, x.map, name="image.resize"))
        y = conv_bn_act(f.concat(*branches), self.filters, eps=self.eps, activation="relu", name="project")
        y = f.dropout(y, self.dropout)
        if self.refine:
            y = conv_bn_act(y, self.refined or self.filters, kernel=3, eps=self.eps, activation="relu", name="refine")
        return to_image(f.conv(y, self.classes, bias=True, name="classes"))

    def explicit(self, channels: int) -> Self:
        refined = self.refined or self.filters if self.refine else 0
        return replace(self, branch_filters=self._branch_widths, refined=refined)

    @property
    def _branch_widths(self) -> tuple[int, ...]:
        return branch_widths(self.branch_filters, self.filters, 2 + len(self.rates))
