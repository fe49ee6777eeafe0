"""Explaining with pictures and tables: the one-file HTML report and the primitives it is built from. No torch."""

from edgewise.explaining.axis import Axis, Tick, fit_axis
from edgewise.explaining.bars import Bar, bar_figure
from edgewise.explaining.confusion import confusion
from edgewise.explaining.curves import Epoch, Line, line_chart, training_curves
from edgewise.explaining.fit_data import (
    Budget,
    CandidatePoint,
    CostLine,
    DatasetSummary,
    FitReport,
    WinnerSummary,
    WrittenFile,
)
from edgewise.explaining.html import Markup, Section, page, tag, text
from edgewise.explaining.intervals import wilson_interval
from edgewise.explaining.report import fit_report
from edgewise.explaining.scatter import Limit, Point, scatter
from edgewise.explaining.tables import Column, facts, folded, table
from edgewise.explaining.thumbs import Mistake, gallery, thumbnail

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
