"""`show`: a network line by line with what it costs: the paper's table of an architecture, the nodes of a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgewise.blocks import AuxiliaryClassifier
from edgewise.costs import Amounts, CostLine, Costs, Profile, cost_table, count
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.verbs.resolve import architecture_of, existing, is_artifact


@dataclass(frozen=True)
class Shown:
    """A network, its costs in total, per row (per node in a file) and per kind of op, and what there is to note: what
    was changed to fit its input, what could not be counted. A file has no architecture."""

    name: str
    architecture: Architecture | None
    costs: Costs | Profile
    rows: tuple[CostLine, ...]
    kinds: dict[str, Amounts]
    notes: tuple[str, ...]

    @property
    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """The shapes that the network was counted for: `(C, H, W)` of an architecture, of a file all of each."""
        return self.costs.inputs if isinstance(self.costs, Profile) else (self.costs.graph.nodes[0].shape,)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's types."""
        return {
            "name": self.name,
            **self._subject(),
            "multiply_adds": self.costs.multiply_adds,
            "parameters": self.costs.parameters,
            "bytes_read": self.costs.bytes_read,
            "bytes_written": self.costs.bytes_written,
            "peak_activation_bytes": self.costs.peak_activation_bytes,
            "rows": [{**asdict(line), "output": list(line.output)} for line in self.rows],
            "kinds": {kind: asdict(amounts) for kind, amounts in self.kinds.items()},
            "notes": list(self.notes),
        } | ({} if self.architecture is None else {"architecture": self.architecture.to_dict()})

    def _subject(self) -> dict[str, Any]:
        if self.architecture is not None:
            return {
                "family": self.architecture.family,
                "digest": self.architecture.digest,
                "input": list(self.architecture.input),
                "classes": self.architecture.classes,
            }
        uncounted = self.costs.uncounted if isinstance(self.costs, Profile) else ()
        return {"inputs": [list(shape) for shape in self.inputs], "uncounted": list(uncounted)}


def show(
    model: str | Path | Architecture,
    *,
    width: float | None = None,
    size: int | None = None,
    classes: int | None = None,
) -> Shown:
    """Counts `model`, a name of the zoo, a model file, an architecture, or any ONNX file, without torch.

    `width` scales it, `size` gives it images of that many pixels, `classes` another head; of an ONNX file only lengths
    that it leaves open can be given, by `size`. Raises `EdgewiseError` for an unknown name, an unreadable file, or an
    image too small.
    """
    if not isinstance(model, Architecture) and is_artifact(model):
        if width is not None or classes is not None:
            raise EdgewiseError(f"{model} is an artifact, whose widths and classes are settled; show its model file")
        return _file(existing(model, "artifact"), size)
    architecture = architecture_of(model, width=width, size=size, classes=classes)
    costs = count(architecture)
    kinds = {kind: Amounts.of(cost, costs.bytes_per_element) for kind, cost in costs.by_kind().items()}
    rows = cost_table(architecture, costs)
    return Shown(architecture.name, architecture, costs, rows, _dearest_first(kinds), notes_on(architecture))


def _file(path: Path, size: int | None) -> Shown:
    from edgewise.deploy import count_onnx
    from edgewise.verbs.checks import at_least

    at_least(1, {"input": size})
    costs = count_onnx(path, size=size)
    unknown = ", ".join(costs.uncounted)
    notes = (f"the multiply-adds of {unknown} are not known and not in these figures",) if unknown else ()
    return Shown(path.name, None, costs, costs.lines, _dearest_first(costs.kinds), notes)


def _dearest_first(kinds: dict[str, Amounts]) -> dict[str, Amounts]:
    """By multiply-adds, without what never costs anything."""
    dearest = sorted(kinds.items(), key=lambda item: -item[1].multiply_adds)
    return {kind: amounts for kind, amounts in dearest if kind not in ("input", "view", "dropout")}


def notes_on(architecture: Architecture) -> tuple[str, ...]:
    """What `with_input` changed, and what is not counted, in a sentence each."""
    helpers = [str(index) for index, row in enumerate(architecture.rows) if isinstance(row, AuxiliaryClassifier)]
    which = f"row {helpers[0]}" if len(helpers) == 1 else f"rows {', '.join(helpers)}"
    note = f"{which} for training only: neither counted nor deployed"
    return (*((note,) if helpers else ()), *_lowered(architecture))


def _lowered(architecture: Architecture) -> tuple[str, ...]:
    if not architecture.lowered:
        return ()
    rows = ", ".join(map(str, architecture.lowered))
    which = f"row {rows}" if len(architecture.lowered) == 1 else f"rows {rows}"
    _, height, width = architecture.input
    note = f"for images of {height}×{width} the stride of {which} went down from 2 to 1, so that the last map keeps "
    return (note + "at least 4×4 cells",)
