"""Which tensors the networks of a space share, and which part of them each network uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgewise.graph.ops import Convolution
from edgewise.searching.space import Point, Space
from edgewise.weights.shapes import parameter_shapes

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""What batch norm keeps of the data: every network has its own."""


@dataclass(frozen=True)
class SharedTensor:
    """The tensor called `key` that a network uses a part of, of `shape`: of channels the first, of kernels the middle
    (as BigNAS has it; Yu et al., 2020, section 3)."""

    key: str
    shape: tuple[int, ...]


def shared_tensors(space: Space, point: Point) -> dict[str, SharedTensor]:
    """For every parameter of the point's network, by its name there, what it is a part of.

    The same layer's tensors are one where their rows are of one type; depthwise kernels and full ones are two.
    Raises `EdgewiseError` where there is no network.
    """
    architecture, layers = space.architecture(point), space.layers_of(point)
    nodes = architecture.graph.nodes
    found: dict[str, SharedTensor] = {}
    for node in nodes[1:]:
        before = nodes[node.inputs[0]].shape
        place = node.name.partition(".")[2]
        home = f"{layers[node.row]}/{type(architecture.rows[node.row]).__name__}/{place}"
        if isinstance(node.op, Convolution) and 1 < node.op.groups == before[0]:
            home += "/depthwise"
        for part, shape in parameter_shapes(node.op, before).items():
            if part not in STATISTICS:
                found[f"{node.name}.{part}"] = SharedTensor(f"{home}.{part}", tuple(shape))
    return found


def largest_shapes(space: Space, points: Iterable[Point]) -> dict[str, tuple[int, ...]]:
    """Shapes in which every shared tensor of `points` has room."""
    found: dict[str, tuple[int, ...]] = {}
    for point in points:
        for one in shared_tensors(space, point).values():
            before = found.get(one.key, one.shape)
            found[one.key] = tuple(map(max, before, one.shape))
    return found


def part_of(whole: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Where in a tensor of shape `whole` the part of `shape` lies: the first channels, the middle of a kernel."""
    starts = [(full - own) // 2 if axis >= 2 else 0 for axis, (full, own) in enumerate(zip(whole, shape, strict=True))]
    return tuple(slice(start, start + own) for start, own in zip(starts, shape, strict=True))
