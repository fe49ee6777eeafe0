"""How far an output sees: the receptive field row by row, counted from the wiring."""

from __future__ import annotations

from edgewise.explaining.connectivity import Connectivity
from edgewise.explaining.plot import Curve, plot
from edgewise.papers import Architecture, find

NETWORKS = ("mobilenet_v1", "fd_mobilenet", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2", "resnet18")


def fields(architecture: Architecture) -> list[int]:
    """Of every row that gives a map the pixels along the width that its middle output sees."""
    graph = architecture.graph
    reached = Connectivity(graph).reached()
    found: list[int] = []
    for index, shape in enumerate(architecture.shapes):
        if len(shape) == 3 and shape[2] > 1:
            positions = reached[graph.index(str(index))].positions
            found.append(int(positions[len(positions) // 2].sum()))
    return found


def figure() -> str:
    curves = [
        Curve(name, [(row, field) for row, field in enumerate(fields(find(name).with_input(512)))]) for name in NETWORKS
    ]
    return plot(
        curves,
        summary="The receptive field after every row, in pixels, at most the 512 of the image.",
        x_label="row",
        y_label="pixels along the width",
    )
