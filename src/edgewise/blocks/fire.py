"""SqueezeNet's Fire module."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.conv import conv_act
from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire(Row):
    """A 1×1 convolution to few channels, then 1×1 and 3×3 convolutions side by side (SqueezeNet, Figure 1)."""

    squeezed: int
    pointwise: int
    spatial: int
    activation: ActivationKind = "relu"

    def apply(self, x: Value) -> Value:
        y = conv_act(x, self.squeezed, activation=self.activation, name="squeeze")
        narrow = conv_act(y, self.pointwise, activation=self.activation, name="pointwise")
        wide = conv_act(y, self.spatial, kernel=3, activation=self.activation, name="spatial")
        return f.concat(narrow, wide, name="join")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(
            self,
            squeezed=scaling.width(self.squeezed),
            pointwise=scaling.width(self.pointwise),
            spatial=scaling.width(self.spatial),
        )
