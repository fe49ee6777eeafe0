"""The paper's table of a network with its costs beside every row."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.costs.count import Costs, count
from edgewise.costs.rules import OpCost
from edgewise.papers.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Amounts:
    """What stands in the columns of a cost table; the bytes are those of the types the values have."""

    multiply_adds: int = 0
    parameters: int = 0
    elements: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    @classmethod
    def of(cls, cost: OpCost, bytes_per_element: int) -> Amounts:
        read, written = cost.read * bytes_per_element, cost.written * bytes_per_element
        return cls(cost.multiply_adds, cost.parameters, cost.elements, read, written)

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.multiply_adds + other.multiply_adds,
            self.parameters + other.parameters,
            self.elements + other.elements,
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
        )


@dataclass(frozen=True)
class CostLine:
    """What one row of a network's table costs for one image; `output` is the shape of its result, `(C, H, W)`."""

    row: str
    description: str
    output: tuple[int, ...]
    multiply_adds: int
    parameters: int
    bytes_read: int
    bytes_written: int


def cost_table(architecture: Architecture, costs: Costs | None = None) -> tuple[CostLine, ...]:
    """One line per row of `architecture`. `costs`, when they are counted already, are taken as they are."""
    costs = costs or count(architecture)
    per_row = costs.by_row()
    graph = costs.graph
    lines: list[CostLine] = []
    for index, row in enumerate(architecture.rows):
        cost = per_row.get(index, OpCost())
        lines.append(
            CostLine(
                row=str(index),
                description=str(row),
                output=graph.nodes[graph.index(str(index))].shape,
                multiply_adds=cost.multiply_adds,
                parameters=cost.parameters,
                bytes_read=cost.read * costs.bytes_per_element,
                bytes_written=cost.written * costs.bytes_per_element,
            )
        )
    return tuple(lines)
