"""The latencies of detectors: with what follows the network, as far as that can be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgewise.data import Dataset, Preprocessing
from edgewise.devices.prediction import Setting
from edgewise.papers import Architecture
from edgewise.profiling.gauge import Gauge
from edgewise.profiling.suppressing import Suppressing, suppression_ms
from edgewise.run_folder import RunFolder
from edgewise.tasks import Tell


def with_what_follows(
    gauge: Gauge,
    architecture: Architecture,
    tensors: Callable[[], Mapping[str, np.ndarray]],
    dataset: Dataset,
    preprocessing: Preprocessing,
    setting: Setting,
    folder: RunFolder,
    tell: Tell,
) -> Gauge:
    """`gauge`, and for a detector with the time that decoding and suppression take on a validation image, which is
    measured once and kept in `folder`."""
    if architecture.task != "detect":
        return gauge
    if not gauge.here:
        tell("latencies are without decoding and suppression, which cannot be predicted for another device")
        return gauge

    def timed() -> float:
        image = preprocessing.apply(dataset.splits["val"].load(0))
        return suppression_ms(architecture, tensors(), image, setting)

    ms = folder.stage("suppression", timed, lambda ms: {"ms": ms}, lambda kept: float(kept["ms"]))
    tell(f"decoding and suppression take {ms:.3f} ms of it")
    return Suppressing(gauge, ms)
