"""The end of a classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier(Row):
    """Mean over the map, an optional `hidden` layer with bias and without batch norm (MobileNetV3's efficient last
    stage, Figure 5), dropout, and the class scores `(classes,)`."""

    classes: int
    hidden: int = 0
    activation: ActivationKind = "hard_swish"
    dropout: float = 0.0
    bias: bool = True

    def apply(self, x: Value) -> Value:
        y = f.flatten(f.global_pool(x))
        if self.hidden:
            y = f.activate(f.linear(y, self.hidden, name="hidden"), self.activation)
        return f.linear(f.dropout(y, self.dropout), self.classes, bias=self.bias, name="classes")

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, hidden=scaling.head(self.hidden)) if self.hidden else self
