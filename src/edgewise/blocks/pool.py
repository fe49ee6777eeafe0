"""Between stages: pooling, and the normalisation that came with it before batch norm."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.blocks.row import Row
from edgewise.graph import functional as f
from edgewise.graph.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool(Row):
    """The maximum over a window. At stride 1, where a small image leaves nothing to shrink, the row is the identity."""

    kernel: int = 3
    stride: int = 2
    padding: f.PaddingRule = "same"
    ceil: bool = False

    def apply(self, x: Value) -> Value:
        if self.stride == 1:
            return x
        return f.pool(x, "max", kernel=self.kernel, stride=self.stride, padding=self.padding, ceil=self.ceil)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseNorm(Row):
    """Normalisation over neighbouring channels (AlexNet, section 3.3)."""

    def apply(self, x: Value) -> Value:
        return f.local_response_norm(x)
