"""Squeeze-and-excitation: channels weigh each other by what the whole map shows (SENet, section 3)."""

from __future__ import annotations

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
