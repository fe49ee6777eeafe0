"""Latencies predicted for another device: only in the settings its tables were measured in, and said to be so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgewise.devices import Budget, Latency, Verdict
from edgewise.errors import EdgewiseError
from edgewise.fitting.candidates import Candidate, Wanted, measure_candidates
from edgewise.fitting.clocks import PredictingClock, Timed
from edgewise.fitting.selection import select
from edgewise.papers import find
from predicted_device import device


def test_candidates_are_ranked_for_a_device_that_is_not_here() -> None:
    clock = PredictingClock(device(), ["auto"], "auto", 1)
    assert clock.allowed == (("onnxruntime", "fp32"), ("onnxruntime", "int8"))
    told: list[str] = []
    budget = Budget.parse("0.5x mobilenet_v2")
    measured = measure_candidates(budget, clock, Wanted(32, 10), seconds=1, tell=told.append)
    assert measured.reference is not None
    assert measured.reference.predicted
    assert measured.reference.precision == "fp32"
    met = [one for one in measured.candidates if one.verdict is Verdict.MET]
    assert met
    for one in met:
        assert one.latency is not None
        assert one.latency.predicted
        assert one.latency.precision == "int8"  # half the time, on this device
        assert one.latency.low_ms <= one.latency.median_ms <= one.latency.high_ms <= measured.budget_ms


class Vague(PredictingClock):
    """Its predictions are right within a factor of two."""

    def _latency(self, one: Timed) -> Latency:
        made = super()._latency(one)
        return replace(made, p10_ms=0.5 * made.median_ms, low_ms=0.5 * made.median_ms, high_ms=2 * made.median_ms)


def test_however_wide_the_intervals_the_largest_within_the_budget_are_taken() -> None:
    clock = Vague(device(), ["auto"], "int8", 1)
    budget = Budget.parse("0.5ms")
    told: list[str] = []
    measured = measure_candidates(budget, clock, Wanted(32, 10), seconds=1, tell=told.append)
    within: dict[str, list[Candidate]] = {}
    for one in measured.candidates:
        assert one.latency is not None
        assert (one.verdict is Verdict.MET) == (one.latency.high_ms <= 0.5)
        if one.verdict is Verdict.MET:
            within.setdefault(one.family, []).append(one)
    met = sum(map(len, within.values()))
    assert told[-1] == f"{met} of {len(measured.candidates)} candidates are within the budget by their whole intervals"
    chosen = select(measured, 4)
    assert len(chosen) == 4
    for one in chosen:
        assert one.multiply_adds == max(rival.multiply_adds for rival in within[one.family])


def test_predictions_follow_the_device() -> None:
    clock = PredictingClock(device(), ["onnxruntime"], "fp32", 1)
    names = ("mobilenet_v2", "resnet18", "shufflenet_v2_0.5")
    networks = [find(name).with_classes(10).with_input(32) for name in names]
    found = clock.measure([Timed(one.name, one, clock.allowed[0]) for one in networks], 1)
    assert [one.name for one in found] == list(names)
    assert np.argsort([one.median_ms for one in found]).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("runtimes", "precision", "threads", "sentence"),
    [
        (
            ["openvino"],
            "auto",
            1,
            "no latency table for openvino in any precision on 1 thread; it has: onnxruntime 1 fp32",
        ),
        (["auto"], "bf16", 1, "no latency table for any runtime in bf16 on 1 thread"),
        (["auto"], "auto", 2, "no latency table for any runtime and precision on 2 threads"),
        (["auto"], "int4", 1, "there is no precision 'int4'"),
    ],
)
def test_what_the_device_was_not_measured_in(runtimes: list[str], precision: str, threads: int, sentence: str) -> None:
    with pytest.raises(EdgewiseError, match=sentence):
        PredictingClock(device(), runtimes, precision, threads)
