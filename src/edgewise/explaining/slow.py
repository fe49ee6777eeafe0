"""Which rows are cheap but slow, and why: what a row takes beyond its arithmetic, by what keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgewise.explaining.layers import Ceilings, Layer, LayerCosts, by_kind, by_row

__all__ = ["REASONS", "held_up_by", "slow_kinds", "slow_rows"]

MEMORY, SMALL, WIDTHS, SHUFFLE, GATE, KERNEL = "memory", "small ops", "widths", "shuffle", "gate", "kernel"

REASONS: Mapping[str, str] = {
    MEMORY: "it waits for memory: few multiply-adds for each byte it moves",
    SMALL: "its ops are so small that starting them takes longer than doing them",
    WIDTHS: "its channels are no multiple of the step the device computes in",
    SHUFFLE: "channels are shuffled, split or put together, which moves bytes and computes nothing",
    GATE: "a squeeze-and-excitation gate reads the whole map, twice, and does tiny ops in between",
    KERNEL: "the runtime's kernel is far from what the device can do",
}
"""By its name every reason in a sentence."""

DEAR = 1.5
"""A row is cheap but slow when its share of the time is so many times its share of the multiply-adds …"""

NOTICED = 0.02
"""… and at least so much of the time."""

TOLD = 0.25
"""A reason is told when so much of what a row takes beyond its arithmetic is for it."""

_WASTED = 0.1
_MOVES = frozenset({"shuffle", "concat", "view"})


def held_up_by(layer: Layer, ceilings: Ceilings) -> str:
    """What keeps a layer from the peak: what it is, or whichever of moving its bytes, starting its kernels and the
    steps of channels takes most beside its arithmetic, and as much as half of what it takes beyond."""
    if layer.gate:
        return GATE
    if layer.kind in _MOVES:
        return SHUFFLE
    arithmetic = ceilings.compute_us(layer.multiply_adds)
    needs = {
        MEMORY: ceilings.memory_us(layer.moved),
        SMALL: ceilings.kernel_us * layer.kernels,
        WIDTHS: arithmetic * _padding(layer, ceilings.quantum),
    }
    dearest = max(needs, key=lambda name: needs[name])
    if dearest == WIDTHS and needs[WIDTHS] < _WASTED * arithmetic:
        return KERNEL
    return dearest if needs[dearest] >= 0.5 * max(layer.us - arithmetic, 0.0) else KERNEL


def _padding(layer: Layer, quantum: int) -> float:
    """How much more there is to compute where channels are filled up to whole steps."""
    if not layer.multiply_adds:
        return 0.0
    more = 1.0
    # A depthwise convolution has its channels once, all others those they read and those they give.
    for channels in layer.channels[:1] if layer.kind.startswith("depthwise") else layer.channels:
        more *= -(-channels // quantum) * quantum / channels if channels > quantum else 1.0
    return more - 1.0


def slow_rows(layers: Sequence[Layer], ceilings: Ceilings) -> dict[int, tuple[str, ...]]:
    """The rows that take much more of the time than they have of the multiply-adds, each with its reasons, the
    weightiest first."""
    every = LayerCosts.of(layers)
    found: dict[int, tuple[str, ...]] = {}
    for row, own in by_row(layers).items():
        if _is_slow(LayerCosts.of(own), every):
            found[row] = _reasons(own, ceilings)
    return found


def slow_kinds(layers: Sequence[Layer]) -> dict[str, LayerCosts]:
    """The kinds of layer that do: in a row they may hide behind others."""
    every = LayerCosts.of(layers)
    return {kind: costs for kind, costs in by_kind(layers).items() if _is_slow(costs, every)}


def _is_slow(costs: LayerCosts, every: LayerCosts) -> bool:
    time, work = costs.us / every.us if every.us else 0.0, costs.multiply_adds / max(1, every.multiply_adds)
    return time >= NOTICED and time >= DEAR * work


def _reasons(layers: Sequence[Layer], ceilings: Ceilings) -> tuple[str, ...]:
    beyond: dict[str, float] = {}
    for one in layers:
        reason = held_up_by(one, ceilings)
        beyond[reason] = beyond.get(reason, 0.0) + max(one.us - ceilings.compute_us(one.multiply_adds), 0.0)
    total = sum(beyond.values())
    told = sorted((name for name, us in beyond.items() if us >= TOLD * total), key=lambda name: -beyond[name])
    return tuple(told)
