"""A space small enough to be looked through, with accuracies that follow from the options."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.blocks import Classifier, ConvBNAct, Row
from edgewise.costs import count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.searching import Choice, Objective, Option, Point, Problem, Result, Space


def build(chosen: Mapping[str, Option]) -> Architecture:
    rows: list[Row] = [ConvBNAct(out_channels=int(chosen["stem"]), kernel=int(chosen["kernel"]), stride=2)]
    if chosen["second"]:
        rows.append(ConvBNAct(out_channels=int(chosen["width"])))
    if (chosen["stem"], chosen["kernel"]) == (8, 7):
        raise EdgewiseError("no such stem")
    return Architecture("toy", (*rows, Classifier(classes=3)), input=(3, 16, 16))


TOY = Space(
    "toy",
    (
        Choice("stem", (8, 16, 24, 32)),
        Choice("kernel", (3, 5, 7)),
        Choice("second", (False, True)),
        Choice("width", (8, 16, 24, 32, 40)),
    ),
    build,
)
"""Without a second convolution its width does not matter: 120 points, 66 networks, 6 of them none."""


def accuracy(point: Point) -> float:
    stem, kernel, second, width = point
    return 0.4 + 0.08 * stem + 0.02 * kernel + second * (0.05 + 0.05 * width) - 0.01 * stem * second


def problem(target: float = 0.3) -> Problem:
    return Problem(TOY, lambda one: count(one).multiply_adds / 1e6, Objective(target), most=2.0)


def results(made: Problem, points: list[Point]) -> list[Result]:
    return [
        Result(point, accuracy(point), made.cost(point)) if made.key(point) else made.nothing(point) for point in points
    ]
