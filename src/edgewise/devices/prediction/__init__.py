"""Latency tables, and the latency of networks that were never measured predicted from them."""

from edgewise.devices.prediction.attribution import UnitTime, attributed
from edgewise.devices.prediction.predictor import Prediction, Predictor
from edgewise.devices.prediction.reach import Reach
from edgewise.devices.prediction.table import Entry, LatencyTable, MeasuredNetwork, Setting

__all__ = [
    "Entry",
    "LatencyTable",
    "MeasuredNetwork",
    "Prediction",
    "Predictor",
    "Reach",
    "Setting",
    "UnitTime",
    "attributed",
]
