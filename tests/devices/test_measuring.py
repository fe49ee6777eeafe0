"""Measuring: real artifacts for what must work, scripted blocks for the rules. No test asserts a real time."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import cast

import pytest

from edgewise.devices import Latency, Variant, Worker, find_runtime, measure, measure_variants, screen
from edgewise.devices.intervals import FEWEST
from edgewise.devices.latency import summarise
from edgewise.devices.measuring import _Candidate, _round
from edgewise.devices.sessions import Sessions
from edgewise.errors import EdgewiseError


def test_a_fifty_times_larger_model_is_slower(matmuls):
    artifacts = {"large": matmuls("large", width=256, depth=50), "small": matmuls("small", width=256)}
    seen = []
    large, small = measure(artifacts, max_seconds=3, width=0.2, progress=lambda *state: seen.append(state))
    assert (large.name, small.name) == ("large", "small")
    assert large.median_ms > small.median_ms
    for latency in (large, small):
        assert latency.low_ms <= latency.median_ms <= latency.high_ms
        assert latency.p10_ms <= latency.median_ms * 1.5
        assert latency.cpu_median_ms is None or latency.cpu_median_ms > 0
        assert latency.iterations >= 3 * latency.rounds
        assert (latency.runtime, latency.threads) == ("onnxruntime", 1)
    assert [state[0] for state in seen] == list(range(1, len(seen) + 1))
    assert {state[2] for state in seen} == {2}


def test_time_that_is_up_is_said_once_there_are_rounds_enough_for_an_interval(matmuls):
    artifacts = {"a": matmuls("a"), "b": matmuls("b", width=64)}
    latencies = measure(artifacts, max_seconds=1e-3, width=1e-6)
    assert [(latency.rounds, latency.settled) for latency in latencies] == [(FEWEST, False), (FEWEST, False)]


def test_screening_gives_a_rough_latency_of_each(matmuls):
    artifacts = {f"m{width}": matmuls(f"m{width}", width=width, depth=20) for width in (8, 512, 32)}
    latencies = screen(artifacts)
    assert [latency.name for latency in latencies] == list(artifacts)
    assert {latency.rounds for latency in latencies} == {6}
    assert latencies[1].median_ms > latencies[0].median_ms


def test_more_threads_have_no_thread_cpu_time(matmuls):
    (latency,) = measure({"a": matmuls("a", width=128)}, threads=2, max_seconds=0.5, width=0.5)
    assert latency.threads == 2
    assert latency.cpu_median_ms is None


def test_numbers_of_threads_are_measured_side_by_side(matmuls):
    path = matmuls("a", width=128)
    variants = [Variant("a", path, threads=threads) for threads in (1, 2)]
    one, two = measure_variants(variants, max_seconds=0.4, width=0.5)
    assert (one.threads, two.threads) == (1, 2)
    assert one.cpu_median_ms is not None
    assert two.cpu_median_ms is None


def test_nothing_to_measure_is_nothing():
    assert measure({}) == []
    assert screen({}) == []


@pytest.mark.parametrize("measured", [measure, screen])
def test_an_artifact_that_cannot_be_measured_is_named(matmuls, tmp_path, measured):
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(matmuls("good").read_bytes()[:-40])
    with pytest.raises(EdgewiseError, match=r"onnxruntime failed loading .*corrupt\.onnx"):
        measured({"good": matmuls("good"), "corrupt": corrupt})
    with pytest.raises(EdgewiseError, match="there is no artifact"):
        measured({"gone": tmp_path / "gone.onnx"})


@pytest.mark.parametrize("arguments", [{"width": 0.0}, {"max_seconds": 0.0}, {"width": float("nan")}])
def test_impossible_wishes_are_refused(matmuls, arguments):
    with pytest.raises(EdgewiseError, match="must be more than nothing"):
        measure({"a": matmuls("a")}, **arguments)


class _Scripted:
    """Stands in for `Sessions`: gives the scripted blocks of each name in turn, the last for ever."""

    def __init__(self, **scripts):
        self.scripts = {name: list(blocks) for name, blocks in scripts.items()}
        self.asked: list[str] = []

    def time(self, variant, iterations):
        self.asked.append(variant.name)
        blocks = self.scripts[variant.name]
        return blocks.pop(0) if len(blocks) > 1 else blocks[0]


def _rounds(sessions, names, count, deadline=None):
    candidates = [_Candidate(Variant(name, Path(name)), 3) for name in names]
    order = random.Random(0)
    for _ in range(count):
        _round(candidates, cast("Sessions", sessions), order, deadline)
    return candidates


def test_a_disturbed_round_is_measured_again_and_counted(block):
    quiet, loud = block(2.0, 2.0, 2.0), block(3.0, 3.0, 3.0, cpu=2.0)
    (candidate,) = _rounds(_Scripted(a=[loud, quiet, quiet]), ["a"], 2)
    assert candidate.medians == [2.0, 2.0]
    assert candidate.disturbed == 1


def test_it_is_measured_again_after_the_others_not_at_once(block):
    quiet, loud = block(2.0, 2.0, 2.0), block(3.0, 3.0, 3.0, cpu=2.0)
    sessions = _Scripted(a=[loud, quiet], b=[quiet], c=[quiet])
    _rounds(sessions, ["a", "b", "c"], 1)
    assert len(sessions.asked) == 4
    assert set(sessions.asked[:3]) == {"a", "b", "c"}
    assert sessions.asked[3] == "a"


def test_on_a_machine_that_is_never_quiet_the_least_disturbed_is_kept_and_the_work_at_most_doubles(block):
    worst, bad = block(2.0, 2.0, 2.0, cpu=1.0), block(3.0, 3.0, 3.0, cpu=2.8)
    sessions = _Scripted(a=[worst, bad, worst])
    (candidate,) = _rounds(sessions, ["a"], 10)
    assert candidate.medians[0] == 3.0  # the slower of the two, because it was less disturbed
    assert len(candidate.blocks) == 10
    assert 10 <= candidate.disturbed <= 11
    latency = candidate.latency(0.03)
    assert latency.unquiet == 10
    assert latency.disturbed == candidate.disturbed


def test_the_order_changes_from_round_to_round(block):
    names = [f"m{i}" for i in range(6)]
    sessions = _Scripted(**{name: [block(2.0)] for name in names})
    _rounds(sessions, names, 8)
    orders = {tuple(sessions.asked[i : i + 6]) for i in range(0, 48, 6)}
    assert len(orders) > 4
    assert all(sorted(order) == names for order in orders)


def test_after_the_deadline_nothing_more_is_asked(block):
    sessions = _Scripted(a=[block(2.0)])
    (candidate,) = _rounds(sessions, ["a"], 3, deadline=0.0)
    assert sessions.asked == []
    assert candidate.blocks == []


def test_a_latency_is_what_its_rounds_amount_to(block):
    medians = [10.0, 10.4, 10.1, 10.2, 10.3, 10.15, 10.05, 10.25]
    blocks = [block(ms - 1, ms, ms + 5, cpu=ms + 6) for ms in medians]
    latency = summarise(Variant("a", Path("a")), blocks, width=0.05, disturbed=2)
    assert latency.median_ms == pytest.approx(10.175)
    assert (latency.low_ms, latency.high_ms) == (10.0, 10.4)
    assert latency.p10_ms < 9.3
    assert latency.cpu_median_ms == pytest.approx(16.175)
    assert (latency.rounds, latency.iterations, latency.disturbed, latency.unquiet) == (8, 24, 2, 0)
    assert latency.settled
    assert not summarise(Variant("a", Path("a")), blocks, width=0.03, disturbed=0).settled


def test_a_latency_survives_json_and_one_of_another_version_is_a_sentence(latency):
    one = latency("a", 1.0, 2.0)
    assert Latency.from_json(json.loads(json.dumps(one.to_json()))) == one
    with pytest.raises(EdgewiseError, match="another version"):
        Latency.from_json({"name": "a"})


def test_artifacts_beyond_the_memory_are_unloaded_oldest_first(matmuls):
    variants = {name: Variant(name, matmuls(name)) for name in ("a", "b", "c")}
    with Sessions(variants.values(), most_bytes=2 * 34 * 2**20) as sessions:
        for name, expected in (("a", "a"), ("b", "ab"), ("a", "ba"), ("c", "ac"), ("b", "cb")):
            assert sessions.time(variants[name], 3).wall_ns
            assert "".join(variant.name for variant in sessions.loaded) == expected
        assert sessions.parts() == [[variants["a"], variants["b"]], [variants["c"]]]


def test_an_artifact_larger_than_the_memory_is_still_measured_alone(matmuls):
    a, b = Variant("a", matmuls("a")), Variant("b", matmuls("b"))
    with Sessions([a, b], most_bytes=1) as sessions:
        assert sessions.time(a, 3).wall_ns
        assert sessions.time(b, 3).wall_ns
        assert sessions.loaded == (b,)
        assert sessions.parts() == [[a], [b]]


def test_a_crash_in_the_middle_ends_measuring_with_a_sentence(matmuls, monkeypatch):
    killed = Worker.time

    def dying(self, name, *, iterations, warmup=1):
        self._process.kill()
        return killed(self, name, iterations=iterations, warmup=warmup)

    monkeypatch.setattr(Worker, "time", dying)
    with pytest.raises(EdgewiseError, match=r"onnxruntime .* while timing .*a\.onnx"):
        measure({"a": matmuls("a")})


def test_what_fails_is_told_and_the_others_are_measured_without_it(matmuls, tmp_path):
    corrupt = tmp_path / "corrupt.onnx"
    corrupt.write_bytes(b"not a model")
    good = Variant("good", matmuls("good", width=128))
    other = Variant("good", good.path, precision="bf16")
    told = {}
    (latency,) = measure_variants(
        [Variant("corrupt", corrupt), other, good],
        max_seconds=0.3,
        failed=lambda variant, error: told.update({(variant.name, variant.precision): str(error)}),
    )
    assert (latency.name, latency.precision) == ("good", "fp32")
    assert latency.runtime_version == find_runtime("onnxruntime").version()
    assert told.keys() == {("corrupt", "fp32"), ("good", "bf16")}
    assert "onnxruntime does not compute in 'bf16'; choose one of: fp32" in told["good", "bf16"]


def test_a_runtime_that_dies_of_one_variant_is_started_again_for_the_others(matmuls, monkeypatch):
    asked = Worker.time

    def deadly(self, name, *, iterations, warmup=1):
        if name.endswith("deadly") and len(seen) > 2:
            self._process.kill()
        return asked(self, name, iterations=iterations, warmup=warmup)

    monkeypatch.setattr(Worker, "time", deadly)
    variants = [Variant(name, matmuls(name, width=128)) for name in ("a", "deadly", "b")]
    seen: list[int] = []
    told: list[tuple[str, str]] = []
    latencies = measure_variants(
        variants,
        max_seconds=0.5,
        width=1e-6,
        progress=lambda done, settled, total: seen.append(total),
        failed=lambda variant, error: told.append((variant.name, str(error))),
    )
    assert [latency.name for latency in latencies] == ["a", "b"]
    assert seen[:4] == [3, 3, 3, 2]
    ((name, sentence),) = told
    assert name == "deadly"
    assert "onnxruntime" in sentence
    assert "while timing" in sentence
