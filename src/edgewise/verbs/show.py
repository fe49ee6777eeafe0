"""`show`: the paper's table of a network, with what every row costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.costs import CostLine, Costs, OpCost, cost_table, count
from edgewise.papers import Architecture
from edgewise.verbs.resolve import architecture_of


@dataclass(frozen=True)
class Shown:
    """An architecture, its costs in total, per row and per kind of op, and what was changed to fit its input."""

    architecture: Architecture
    costs: Costs
    rows: tuple[CostLine, ...]
    kinds: dict[str, OpCost]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "name": self.architecture.name,
            "family": self.architecture.family,
            "digest": self.architecture.digest,
            "input": list(self.architecture.input),
            "classes": self.architecture.classes,
            "multiply_adds": self.costs.multiply_adds,
            "parameters": self.costs.parameters,
            "bytes_read": self.costs.bytes_read,
            "bytes_written": self.costs.bytes_written,
            "peak_activation_bytes": self.costs.peak_activation_bytes,
            "rows": [
                {
                    "row": line.row,
                    "description": line.description,
                    "output": list(line.output),
                    "multiply_adds": line.multiply_adds,
                    "parameters": line.parameters,
                    "bytes_read": line.bytes_read,
                    "bytes_written": line.bytes_written,
                }
                for line in self.rows
            ],
            "kinds": {
                kind: {
                    "multiply_adds": cost.multiply_adds,
                    "parameters": cost.parameters,
                    "elements": cost.elements,
                    "bytes_read": cost.read * self.costs.bytes_per_element,
                    "bytes_written": cost.written * self.costs.bytes_per_element,
                }
                for kind, cost in self.kinds.items()
            },
            "notes": list(self.notes),
            "architecture": self.architecture.to_dict(),
        }


def show(
    model: str | Path | Architecture,
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
) -> Shown:
    """Counts `model`, a name of the zoo, a model file or an architecture, without torch.

    `width` scales it, `size` gives it images of that many pixels, `classes` another head. Raises `EdgewiseError` for an
    unknown name, an unreadable file, or an image too small.
    """
    architecture = architecture_of(model, width=width, size=size, classes=classes)
    costs = count(architecture)
    kinds = {
        kind: cost
        for kind, cost in sorted(costs.by_kind().items(), key=lambda item: -item[1].multiply_adds)
        if kind not in ("input", "view", "dropout")
    }
    return Shown(architecture, costs, cost_table(architecture, costs), kinds, notes_on(architecture))


def notes_on(architecture: Architecture) -> tuple[str, ...]:
    """What `with_input` changed, in a sentence."""
    if not architecture.lowered:
        return ()
    rows = ", ".join(map(str, architecture.lowered))
    which = f"row {rows}" if len(architecture.lowered) == 1 else f"rows {rows}"
    _, height, width = architecture.input
    note = f"for images of {height}×{width} the stride of {which} went down from 2 to 1, so that the last map keeps "
    return (note + "at least 4×4 cells",)
