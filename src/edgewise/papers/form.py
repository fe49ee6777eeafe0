"""How released weights want a network that differs from its paper in the small: epsilon, padding, ReLU6."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, cast

from edgewise.blocks import Row
from edgewise.graph.functional import PaddingRule
from edgewise.graph.ops import ActivationKind, BatchNorm
from edgewise.papers.architecture import Architecture


@dataclass(frozen=True)
class Form:
    """What a release changes in a paper's network; None leaves it as it is.

    `eps` is batch norm's; `padding` replaces symmetric "same" padding (TensorFlow's releases: "tf_same"); `relu` is
    the activation in the place of ReLU (slim's MobileNet v1: ReLU6).
    """

    eps: float | None = None
    padding: PaddingRule | None = None
    relu: ActivationKind | None = None

    def of(self, architecture: Architecture) -> Architecture:
        """`architecture` in this form, under its own name."""
        return replace(
            architecture,
            rows=tuple(map(self._row, architecture.rows)),
            norm=architecture.norm if self.eps is None else BatchNorm(eps=self.eps),
        )

    def _row(self, row: Row) -> Row:
        changes: dict[str, object] = {}
        for field in fields(cast("Any", row)):
            value = getattr(row, field.name)
            if field.name == "padding" and value == "same" and self.padding is not None:
                changes["padding"] = self.padding
            if field.name == "activation" and value == "relu" and self.relu is not None:
                changes["activation"] = self.relu
        return replace(cast("Any", row), **changes) if changes else row
