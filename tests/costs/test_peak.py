"""The most memory that activations need at one time, on graphs drawn by hand. A map of c channels has 100·c cells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgewise.blocks.conv import conv_bn_act
from edgewise.costs import count
from edgewise.graph import Trace, Value, ops
from edgewise.graph import functional as f
from edgewise.papers import find, names


def peak(apply: Callable[[Value], Value]) -> int:
    """Peak elements of `apply` on one channel of 10×10, in units of 100."""
    trace = Trace((1, 10, 10), ops.BatchNorm())
    trace.enter(0)
    result = apply(Value(trace, 0, (1, 10, 10)))
    trace.leave(result)
    trace.outputs["output"] = result.index
    elements = count(trace.graph_so_far(), bytes_per_element=1).peak_activation_bytes
    assert elements % 100 == 0
    return elements // 100


def chain(x: Value) -> Value:
    """1 → 5 → 2 → 3 channels."""
    for width in (5, 2, 3):
        x = f.conv(x, width)
    return x


def fused(x: Value) -> Value:
    """Batch norm and activation work in the convolution's own buffer."""
    return conv_bn_act(x, 5, activation="hard_swish", name="conv")


def branches(x: Value) -> Value:
    """The first branch's result (3) waits while the second (4) is made from the 2: 2 + 3 + 4, then 3 + 4 + 7."""
    y = f.conv(x, 2, name="a")
    return f.concat(f.conv(y, 3, name="b"), f.conv(y, 4, name="c"))


def residual(x: Value) -> Value:
    """The shortcut (2) lives across the wide middle: 2 + 6 + 6."""
    y = f.conv(x, 2, name="a")
    z = f.conv(f.conv(y, 6, name="b"), 6, kernel=3, groups=6, name="c")
    return y + f.conv(z, 2, name="d")


def tapped_before_activation(x: Value) -> Value:
    """Two read the convolution's result, so the activation may not overwrite it: 4 + 4 + 4 for the sum."""
    y = f.conv(x, 4, name="a")
    return y + f.activate(y, "relu")


def emitted_before_activation(x: Value) -> Value:
    """The value is an output of the network: the activation needs a buffer of its own, 4 + 4."""
    y = f.conv(x, 4, name="a")
    y.emit("tap")
    return f.activate(y, "relu")


def emitted_early(x: Value) -> Value:
    """An output (4) is kept to the end: 4 + 2 + 3 at the last convolution."""
    y = f.conv(x, 4, name="a")
    y.emit("tap")
    return f.conv(f.conv(y, 2, name="b"), 3, name="c")


def sliced(x: Value) -> Value:
    """Slices are views: the whole (6) stays while both halves are read, 6 + 3 + 6 at the concatenation."""
    y = f.conv(x, 6, name="a")
    first, second = f.split(y, 3, 3)
    return f.concat(first, f.conv(second, 3, name="b"))


def activated_slice(x: Value) -> Value:
    """An activation may not overwrite a view whose whole is read again: 4 + 2 for it, then 4 + 2 + 6."""
    y = f.conv(x, 4, name="a")
    return f.concat(y, f.activate(f.split(y, 2, 2)[0], "relu"))


def unread(x: Value) -> Value:
    """A value that nobody reads is freed at once: 1 + 9, not 1 + 9 + 5 later."""
    f.conv(x, 9, name="nobody")
    return f.conv(f.conv(x, 5, name="a"), 2, name="b")


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        (chain, 7),
        (fused, 6),
        (branches, 14),
        (residual, 14),
        (tapped_before_activation, 12),
        (emitted_before_activation, 8),
        (emitted_early, 9),
        (sliced, 15),
        (activated_slice, 12),
        (unread, 10),
    ],
)
def test_by_hand(apply: Callable[[Value], Value], expected: int) -> None:
    assert peak(apply) == expected


def test_mobilenet_v2_peaks_where_it_is_widest() -> None:
    """The expansion of the second block, 96 channels of 112×112, and its depthwise result, a quarter of the cells."""
    assert count(find("mobilenet_v2")).peak_activation_bytes == 4 * 96 * (112 * 112 + 56 * 56)


@pytest.mark.parametrize("name", names())
def test_no_op_needs_more_than_the_peak(name: str) -> None:
    costs = count(find(name))
    nodes = costs.graph.nodes
    for node in nodes:
        if isinstance(node.op, ops.Convolution):
            (source,) = node.inputs
            both = sum(channels * height * width for channels, height, width in (node.shape, nodes[source].shape))
            assert 4 * both <= costs.peak_activation_bytes
