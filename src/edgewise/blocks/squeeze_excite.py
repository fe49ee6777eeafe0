"""Squeeze-and-excitation: channels weigh each other by what the whole map shows (SENet, section 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from edgewise.blocks.row import Row, Scaling
from edgewise.graph import functional as f
from edgewise.graph.ops import ActivationKind
from edgewise.graph.value import Value


def squeeze_excite(
    x: Value,
    squeezed: int,
    *,
    gate: ActivationKind = "sigmoid",
    bias: bool = True,
    name: str = "squeeze_excite",
) -> Value:
    """Mean over the map, 1×1 to `squeezed`, ReLU, 1×1 back, `gate`, and the product with `x`."""
    y = f.global_pool(x, name=name + ".pool")
    y = f.activate(f.conv(y, squeezed, bias=bias, name=name + ".squeeze"), "relu", name=name + ".activation")
    y = f.activate(f.conv(y, x.channels, bias=bias, name=name + ".excite"), gate, name=name + ".gate")
    return x.trace.call(name, x * y)


def scaled_squeeze(squeezed: int, before: int, after: int) -> int:
    """The squeezed width once `before` channels have become `after`: it keeps its share (SENet's reduction ratio)."""
    return max(1, round(squeezed * after / before)) if squeezed else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SqueezeExcite(Row):
    """Squeeze-and-excitation as a row of its own, behind any other."""

    squeeze: int
    gate: ActivationKind = "sigmoid"
    bias: bool = True

    def apply(self, x: Value) -> Value:
        return squeeze_excite(x, self.squeeze, gate=self.gate, bias=self.bias)

    def scaled(self, scaling: Scaling) -> Self:
        return replace(self, squeeze=scaled_squeeze(self.squeeze, scaling.in_before, scaling.in_after))
