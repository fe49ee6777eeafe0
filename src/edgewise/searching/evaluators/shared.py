"""Networks with shared weights, judged as they are: seconds each, once the weights are trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from edgewise.data import Batches, Preprocessing, Split
from edgewise.searching.space import Point
from edgewise.searching.supernet.recalibration import recalibrate
from edgewise.searching.supernet.weights import Supernet
from edgewise.training.judging import beat_by_layer, judged
from edgewise.training.memory import freed_memory_kept

RECALIBRATED = 512
"""Training images that batch norm's statistics are taken from."""

_BATCH = 64


@dataclass(frozen=True, eq=False)
class SharedWeights:
    """Judges networks of `supernet` on `splits["holdout"]`, normalised by some images of `splits["train"]`."""

    supernet: Supernet
    splits: Mapping[str, Split]
    preprocessing: Preprocessing

    def accuracy(self, point: Point, number: int, beat: Callable[[], None]) -> float:
        with freed_memory_kept():
            return self._accuracy(point, beat)

    def _accuracy(self, point: Point, beat: Callable[[], None]) -> float:
        network = self.supernet.network(point).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        beat_by_layer(network, beat)
        _, height, width = network.architecture.input
        preprocessing = replace(self.preprocessing, height=height, width=width)
        some = self.splits["train"].spread(RECALIBRATED)
        recalibrate(network, Batches(some, preprocessing, batch_size=_BATCH, seed=0, shuffle=True, workers=0))
        return judged(network, self.splits["holdout"], preprocessing, classes=network.architecture.classes)
