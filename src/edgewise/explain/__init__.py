"""Explaining with pictures and tables: the one-file HTML report and the primitives it is built from. No torch."""

from edgewise.explain.axis import Axis, Tick, fit_axis
from edgewise.explain.bars import Bar, bar_figure
from edgewise.explain.confusion import confusion
from edgewise.explain.curves import Epoch, Line, line_chart, training_curves
from edgewise.explain.fit_data import (
    Budget,
    CandidatePoint,
    CostLine,
    DatasetSummary,
    FitReport,
    WinnerSummary,
    WrittenFile,
)
from edgewise.explain.html import Markup, Section, page, tag, text
from edgewise.explain.intervals import wilson_interval
from edgewise.explain.report import fit_report
from edgewise.explain.scatter import Limit, Point, scatter
from edgewise.explain.tables import Column, facts, folded, table
from edgewise.explain.thumbs import Mistake, gallery, thumbnail

__all__ = [
    "Axis",
    "Bar",
    "Budget",
    "CandidatePoint",
    "Column",
    "CostLine",
    "DatasetSummary",
    "Epoch",
    "FitReport",
    "Limit",
    "Line",
    "Markup",
    "Mistake",
    "Point",
    "Section",
    "Tick",
    "WinnerSummary",
    "WrittenFile",
    "bar_figure",
    "confusion",
    "facts",
    "fit_axis",
    "fit_report",
    "folded",
    "gallery",
    "line_chart",
    "page",
    "scatter",
    "table",
    "tag",
    "text",
    "thumbnail",
    "training_curves",
    "wilson_interval",
]
