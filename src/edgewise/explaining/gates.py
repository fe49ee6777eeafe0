"""What squeeze-and-excitation gates of a trained network say of each class, by depth (SENet, section 7.2, Figure 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgewise.explaining.curves import Line, line_chart
from edgewise.explaining.formats import significant
from edgewise.explaining.html import Markup, tag
from edgewise.explaining.tables import Column, table

__all__ = ["GateView", "gates"]

_DRAWN, _CLASSES = 3, 5


@dataclass(frozen=True, eq=False)
class GateView:
    """The gate of a row: its mean value for every class and channel, `(classes, channels)`."""

    row: int
    means: np.ndarray

    @property
    def apart(self) -> float:
        """How far classes are from each other: the deviation between them, the mean over channels."""
        return float(self.means.std(0).mean())


def gates(views: Sequence[GateView], classes: Sequence[str]) -> Markup:
    """How far gates tell classes apart, by depth; and the first, the middle and the last of them channel by channel."""
    columns = [
        Column("row"),
        Column("channels", True),
        Column("mean", True, "over classes and channels: 1 lets everything pass, 0 nothing"),
        Column("between channels", True, "the deviation of their means"),
        Column("between classes", True, "the deviation, the mean over channels"),
    ]
    rows = [
        (
            str(one.row),
            str(one.means.shape[1]),
            significant(float(one.means.mean())),
            significant(float(one.means.mean(0).std())),
            significant(one.apart),
        )
        for one in views
    ]
    note = (
        "A gate that says the same of every class weighs channels once and for all; one that tells classes apart looks "
        "at the image."
    )
    chosen = dict.fromkeys(round(place) for place in np.linspace(0, len(views) - 1, min(_DRAWN, len(views))))
    return tag(
        "div",
        None,
        tag("p", None, note),
        table(columns, rows, caption="The gates, from the first to the last"),
        *(_drawn(views[place], classes) for place in chosen),
    )


def _drawn(view: GateView, classes: Sequence[str]) -> Markup:
    """Channels in the order of their mean; the classes that differ most from all."""
    order = np.argsort(view.means.mean(0))
    unlike: list[int] = np.argsort(-np.abs(view.means - view.means.mean(0)).mean(1))[:_CLASSES].tolist()
    lines = [
        Line(classes[index], [(channel, float(view.means[index, at])) for channel, at in enumerate(order)])
        for index in sorted(unlike)
    ]
    return line_chart(
        lines,
        summary=f"The gate of row {view.row}: its mean value by channel, for classes.",
        caption=f"Row {view.row}: the mean value of the gate by channel, in the order of their means.",
        x_label="channel",
        y_label="gate",
        y_range=(0.0, 1.0),
        whole=True,
    )
