"""What the report of a fit is made of: plain data, so that any program can make one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgewise.costs import CostLine
from edgewise.explaining.curves import Epoch
from edgewise.explaining.thumbs import Mistake, Shown

__all__ = ["Budget", "CandidatePoint", "CostLine", "DatasetSummary", "FitReport", "WinnerSummary", "WrittenFile"]


@dataclass(frozen=True)
class Budget:
    """The latency that may not be passed, and the words in which it was asked for (`0.5x mobilenet_v2`)."""

    milliseconds: float
    text: str


@dataclass(frozen=True)
class DatasetSummary:
    """The data: `counts` of images by split, `skipped` as (path, reason)."""

    source: str
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    split_rule: str = ""
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CandidatePoint:
    """One network that was considered, and how far it came.

    `latency_ms` is the median and `latency_interval` its 95% interval, in milliseconds at batch 1; both `None` for a
    candidate that was never measured. `accuracy` is a share of one, counted on `images` validation images after the
    stage named by `stage` ("screened", "measured", "rung 1", …, "winner"); `None` for one that was never trained.
    `runs_in` is the runtime and precision that its latency is for (`onnxruntime int8`).
    """

    name: str
    family: str
    multiply_adds: int
    parameters: int
    latency_ms: float | None
    latency_interval: tuple[float, float] | None
    accuracy: float | None
    images: int | None
    stage: str
    in_budget: bool
    runs_in: str | None = None


@dataclass(frozen=True)
class WinnerSummary:
    """The network that was delivered. Accuracies are of the artifact, run in its runtime, as shares of one.

    `latency_ms` and its 95% interval are of the artifact too, measured after the export or predicted, for the runtime
    and precision that it `runs_in` (`onnxruntime int8`). `facts` are further lines to
    show, such as the largest difference between the artifact's outputs and the trained network's.
    """

    name: str
    latency_ms: float
    latency_interval: tuple[float, float]
    runs_in: str | None = None
    val_accuracy: float | None = None
    val_images: int | None = None
    test_accuracy: float | None = None
    test_images: int | None = None
    facts: Mapping[str, object] | None = None


@dataclass(frozen=True)
class WrittenFile:
    """A file of the run folder: its name there, what it is, and its size in bytes."""

    name: str
    description: str
    size: int | None = None


@dataclass(frozen=True, eq=False)
class FitReport:
    """Everything `fit_report` shows. `machine` and `provenance` are JSON-like; `confusion` is (K, K) counts. `measure`
    is what networks are judged by, `shown` what the winner finds in test images.

    `machine` trained the network and measured it, unless latencies were `predicted_for` another device.
    """

    title: str
    command: str
    machine: Mapping[str, object]
    dataset: DatasetSummary
    budget: Budget
    candidates: tuple[CandidatePoint, ...]
    winner: WinnerSummary
    costs: tuple[CostLine, ...]
    confusion: np.ndarray | None = None
    mistakes: tuple[Mistake, ...] = ()
    history: tuple[Epoch, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    provenance: Mapping[str, object] | None = None
    predicted_for: str | None = None
    measure: str = "accuracy"
    shown: tuple[Shown, ...] = ()
