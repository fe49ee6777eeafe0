"""What finding boxes takes beside the network: decoding its outputs and suppressing overlapping boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edgewise.deploy import build
from edgewise.deploy.suppression import with_suppression
from edgewise.devices import Variant
from edgewise.devices.prediction import Setting
from edgewise.devices.sessions import Sessions
from edgewise.papers import Architecture
from edgewise.profiling.filling import fastest_ms
from edgewise.profiling.gauge import Gauge
from edgewise.profiling.rounds import Round, k_best


def suppression_ms(
    architecture: Architecture, tensors: Mapping[str, np.ndarray], image: np.ndarray, setting: Setting
) -> float:
    """How much longer a detector's artifact takes with decoding and suppression inside, in ms, on the normalised
    `image` `(3, H, W)`: it depends on how much is found there. Both are in floating point."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        example = folder / "image.npy"
        np.save(example, image[None])
        plain = build(architecture, tensors, folder, "plain", runtime=setting.runtime)
        inside = with_suppression(plain, folder / "inside.onnx")
        variants = {
            path.stem: Variant(path.stem, path, setting.runtime, threads=setting.threads, example=example)
            for path in (plain, inside)
        }
        with Sessions(variants.values()) as sessions:

            def timed(order: Sequence[str]) -> Round:
                return {one: fastest_ms(sessions, variants[one]) for one in order}

            took = k_best(timed, list(variants))
    return max(0.0, took[inside.stem] - took[plain.stem])


class Suppressing:
    """The latencies of another gauge, with `ms` more for decoding and suppression, which narrowing leaves as they
    are."""

    def __init__(self, gauge: Gauge, ms: float) -> None:
        self._gauge, self._ms = gauge, ms

    @property
    def here(self) -> bool:
        return self._gauge.here

    def expected(self, architecture: Architecture) -> float:
        return self._gauge.expected(architecture) + self._ms

    def measured(self, architectures: Sequence[Architecture]) -> list[float]:
        return [ms + self._ms for ms in self._gauge.measured(architectures)]

    def glanced(self, architectures: Sequence[Architecture]) -> list[float]:
        return [ms + self._ms for ms in self._gauge.glanced(architectures)]

    def settle(self, architecture: Architecture, ms: float) -> None:
        self._gauge.settle(architecture, ms - self._ms)
