"""Throughput: real artifacts for what must work, a scripted clock for what is counted. No test asserts a real rate."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from edgewise.devices import Variant, Worker
from edgewise.devices.streams import Stream, run_stream
from edgewise.devices.throughput import Way, _disturbance, measure_rates
from edgewise.errors import EdgewiseError


class _Clock:
    """Time that passes only while an inference runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0
        monkeypatch.setattr(time, "perf_counter_ns", lambda: self.now)

    def infer(self, ns: int) -> None:
        self.now += ns


def test_what_reaches_over_the_edges_of_the_window_counts_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)
    stream = run_stream(lambda: clock.infer(30), 40, 100, lambda: None)
    # 30 to 60 is inside with 20 of 30, 60 to 90 whole, 90 to 120 with 10 of 30.
    assert stream.inferences == pytest.approx(2.0)
    assert stream.median_ns == 30
    assert not stream.late
    assert stream.busy_ns is None


def test_a_stream_that_comes_late_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)
    clock.now = 60
    stream = run_stream(lambda: clock.infer(20), 40, 100, lambda: None)
    assert stream.late
    assert stream.inferences == 2
    clock.now = 120
    nothing = run_stream(lambda: clock.infer(20), 40, 100, lambda: None)
    assert (nothing.late, nothing.inferences) == (True, 0)


def test_a_window_is_disturbed_by_others_not_by_the_streams_themselves() -> None:
    def stream(cpu: int, busy: int | None, late: bool = False) -> Stream:
        return Stream(10, 1e6, cpu, busy, late)

    length, cores = 10**9, os.cpu_count() or 1
    assert _disturbance([stream(10**9, 2 * 10**9)] * 2, length) == 0
    assert _disturbance([stream(10**9, (2 + cores) * 10**9)] * 2, length) > 1
    assert _disturbance([stream(10**9, None)] * 2, length) == 0
    assert _disturbance([stream(10**9, 2 * 10**9), stream(10**9, 2 * 10**9, late=True)], length) > 1


def test_ways_are_measured_side_by_side_and_more_work_is_slower(matmuls) -> None:
    small, large = Variant("small", matmuls("small", width=64)), Variant("large", matmuls("large", width=256, depth=50))
    ways = [Way(small), Way(large), Way(large, streams=2)]
    seen: list[tuple[int, int, int]] = []
    rates = measure_rates(ways, max_seconds=0.1, progress=lambda *state: seen.append(state))
    assert [rate.way for rate in rates] == ways
    assert rates[0].images_per_second > rates[1].images_per_second
    for rate in rates:
        assert rate.low <= rate.images_per_second <= rate.high
        assert rate.rounds == 6
        assert rate.inference_ms > 0
    assert seen[-1][0] == 6
    assert rates[2].to_json()["streams"] == 2


def test_all_images_of_all_streams_are_counted(matmuls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "stream", lambda *given: Stream(30.0, 10e6, 0, None, late=False))
    eight = Variant("a", matmuls("a", batch=8))
    (rate,) = measure_rates([Way(eight, streams=2, batch=8)], max_seconds=0.1)
    assert rate.images_per_second == pytest.approx(2 * 8 * 30 / 0.3)
    assert rate.inference_ms == 10


def test_every_stream_is_a_process(matmuls, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Worker.stream
    pids: set[int] = set()

    def noted(self: Worker, name: str, opens_ns: int, closes_ns: int) -> Stream:
        pids.add(self.pid)
        return asked(self, name, opens_ns, closes_ns)

    monkeypatch.setattr(Worker, "stream", noted)
    measure_rates([Way(Variant("a", matmuls("a")), streams=3), Way(Variant("a", matmuls("a")))], max_seconds=0.1)
    assert len(pids) == 3


def test_what_fails_is_told_and_the_others_go_on(matmuls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(b"not a model")
    asked = Worker.stream

    def deadly(self: Worker, name: str, opens_ns: int, closes_ns: int) -> Stream:
        if name.endswith("deadly.onnx"):
            self._process.kill()
        return asked(self, name, opens_ns, closes_ns)

    monkeypatch.setattr(Worker, "stream", deadly)
    ways = [Way(Variant(path.stem, path), streams=2) for path in (corrupt, matmuls("deadly"), matmuls("good"))]
    told: dict[str, str] = {}
    (rate,) = measure_rates(
        ways, max_seconds=0.1, failed=lambda way, error: told.update({way.variant.name: str(error)})
    )
    assert rate.way.variant.name == "good"
    assert told.keys() == {"corrupt", "deadly"}
    assert "while timing" in told["deadly"]
    with pytest.raises(EdgewiseError, match=r"failed loading .*corrupt\.onnx"):
        measure_rates(ways[:1])


def test_impossible_wishes_are_refused(matmuls) -> None:
    with pytest.raises(EdgewiseError, match="must be more than nothing"):
        measure_rates([Way(Variant("a", matmuls("a")))], max_seconds=0)
