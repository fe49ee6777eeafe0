"""Which of the artifacts on trial is kept, and how long they are measured. Nothing runs here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from edgewise.data import Split
from edgewise.deploy.quantization import trials as module
from edgewise.deploy.quantization.trials import FLOAT, SECONDS_EACH, Trials
from edgewise.devices import Latency, Variant


class World:
    """Trials whose artifacts have the accuracies and latencies that they are added with."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._accuracies: dict[Path, float] = {}
        self._spans: dict[Path, tuple[float, float, float]] = {}
        self.seconds = 0.0
        self.trials = Trials(
            cast("Split", None),
            [("onnxruntime", "int8")],
            folder,
            points=1,
            threads=1,
            workers=0,
            score=lambda metrics: metrics["accuracy"],
            tell=lambda text: None,
        )
        monkeypatch.setattr(module, "metrics_of", lambda path, *_, **__: {"accuracy": self._accuracies[path]})
        monkeypatch.setattr(module, "measure_variants", self._measured)

    def add(self, name: str, accuracy: float, span: tuple[float, float, float], size: int = 1) -> None:
        """`span` are the lower end, the median and the upper end, in ms."""
        path = self._folder / f"{len(self._spans)}.onnx"
        path.write_bytes(bytes(size))
        self._accuracies[path], self._spans[path] = accuracy, span
        self.trials.judge(name, path, "onnxruntime", FLOAT if name == FLOAT else "int8")

    def _measured(self, variants: Sequence[Variant], *, max_seconds: float, **_: Any) -> list[Latency]:
        self.seconds = max_seconds
        return [self._latency(one, *self._spans[one.path]) for one in variants]

    def _latency(self, one: Variant, low: float, median: float, high: float) -> Latency:
        times = (median, low, low, high, 0.1)
        return Latency(one.name, *times, 12, 99, None, 0, 0, False, one.runtime, one.threads, one.precision)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.add(FLOAT, 0.9, (1.0, 1.1, 1.2))
    return made


def test_the_lowest_median_is_kept_however_wide_the_intervals(world: World) -> None:
    """All are within noise of the fastest; the most accurate is the slowest of them, and more accurate by a hair."""
    world.add("slow", 0.901, (0.31, 0.447, 0.6))
    world.add("fast", 0.899, (0.30, 0.317, 0.5))
    world.add("between", 0.9, (0.30, 0.35, 0.5))
    world.add("too inaccurate", 0.5, (0.1, 0.2, 0.3))
    assert world.trials.measure(1).name == "fast"


def test_accuracy_decides_between_equals(world: World) -> None:
    world.add("first", 0.899, (0.30, 0.317, 0.5))
    world.add("more accurate", 0.9, (0.30, 0.3170001, 0.5))
    world.add("as accurate", 0.9, (0.30, 0.317, 0.5))
    assert world.trials.measure(1).name == "more accurate"


def test_more_variants_are_measured_for_longer(world: World) -> None:
    for index in range(19):
        world.add(f"form {index}", 0.9, (0.3, 0.4, 0.5))
    world.trials.measure(12)
    assert world.seconds == 20 * SECONDS_EACH
    world.trials.measure(100)
    assert world.seconds == 100


def test_attempts_know_the_size_of_their_file(world: World) -> None:
    world.add("form", 0.9, (0.3, 0.4, 0.5), size=1234)
    kept = world.trials.measure(1)
    assert kept.size_bytes == 1234
    assert kept.to_json()["size_bytes"] == 1234
