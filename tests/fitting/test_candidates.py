"""The candidates: ladders of widths and sizes, how they are timed, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from making import candidate, latency

from edgewise.costs import count
from edgewise.devices import Budget, Latency, Verdict
from edgewise.errors import EdgewiseError
from edgewise.fitting import candidates as module
from edgewise.fitting.candidates import Candidate, Measured, Wanted, measure_candidates
from edgewise.fitting.clocks import Failed, Timed
from edgewise.fitting.combinations import Combination
from edgewise.papers import families, find
from edgewise.papers.ladders import WIDTHS, ladders


def ladder(size: int, *, widths: tuple[float, ...] = WIDTHS, classes: int = 10) -> list[Candidate]:
    climbed = ladders(size, classes)
    return [one for each in climbed for width in widths if (one := module._candidate(each, width)) is not None]


@pytest.mark.parametrize("size", [16, 24, 32, 48, 100, 224])
def test_every_candidate_is_another_network(size: int) -> None:
    found = ladder(size, widths=(0.25, 1.0))
    assert len({one.name for one in found}) == len(found)
    assert len({one.architecture.digest for one in found}) == len(found)


@pytest.mark.parametrize("size", [16, 32, 64, 96, 224])
def test_smaller_inputs_keep_the_strides_of_the_largest(size: int) -> None:
    """A lowered stride is a costlier network; only at the images' own size may one be needed."""
    found = ladder(size, widths=(0.5, 1.0))
    for family in families():
        for base, build in family.scalable.items():
            own = [one for one in found if one.base == base]
            assert {one.size for one in own} >= {size}
            assert {one.architecture.lowered for one in own} == {build(1.0).with_input(size).lowered}


def test_small_images_are_not_shrunk_into_another_network() -> None:
    assert {one.size for one in ladder(32)} == {32}
    assert {one.size for one in ladder(224, widths=(0.5,))} == {224, 192, 160, 128}


def test_a_candidate_says_what_it_is() -> None:
    (one,) = [one for one in ladder(224, widths=(0.5,), classes=7) if one.name == "mobilenet_v2_0.5@160"]
    architecture = find("mobilenet_v2").scaled(0.5).with_classes(7).with_input(160)
    assert one.architecture.digest == architecture.digest
    assert (one.family, one.base, one.width, one.size) == ("mobilenet_v2", "mobilenet_v2", 0.5, 160)
    assert one.latency is None
    assert not one.measured


def test_every_family_that_scales_takes_part() -> None:
    found = ladder(32)
    assert {one.family for one in found} == {family.name for family in families() if family.scalable}
    assert {one.family for one in found} > {"mobilenet_v1", "mnasnet", "fd_mobilenet", "shufflenet_v1"}
    assert {one.width for one in found} == set(WIDTHS)


def test_json_round_trip() -> None:
    timed = candidate("timed", median=1.5)
    (bare, *_) = ladder(32, widths=(0.5,))
    for reference in (None, latency("resnet18", 2.0)):
        measured = Measured((timed, bare), 1.25, reference)
        assert Measured.from_json(json.loads(json.dumps(measured.to_json(), allow_nan=False))) == measured


class SlowClock:
    """An architecture takes a millisecond for every million multiply-adds, or as many times that as `factors` say."""

    device = None

    def __init__(self) -> None:
        self.remarks: list[str] = []
        self.allowed: tuple[Combination, ...] = (("onnxruntime", "fp32"),)
        self.screened: list[list[str]] = []
        self.measured: list[str] = []
        self.factors: dict[object, float | None] = {}

    def screen(self, subjects: Sequence[Timed], failed: Failed | None = None) -> list[Latency]:
        self.screened.append([one.name for one in subjects])
        return self._all(subjects, failed)

    def measure(self, subjects: Sequence[Timed], seconds: float) -> list[Latency]:
        self.measured = [one.name for one in subjects]
        return self._all(subjects, None)

    def _all(self, subjects: Sequence[Timed], failed: Failed | None) -> list[Latency]:
        found: list[Latency] = []
        for one in subjects:
            runtime, precision = one.combination
            factor = self.factors.get((precision, one.name[:9]), self.factors.get(precision, 1.0))
            if factor is None:
                assert failed is not None
                failed(one.name, one.combination, EdgewiseError("it cannot"))
                continue
            made = latency(one.name, factor * count(one.architecture).multiply_adds / 1e6)
            found.append(replace(made, runtime=runtime, precision=precision))
        return found


@pytest.fixture
def clock() -> SlowClock:
    return SlowClock()


def measure_all(clock: SlowClock, budget: str, told: list[str] | None = None) -> Measured:
    tell = (lambda text: None) if told is None else told.append
    given = Budget.parse(budget)
    return measure_candidates(given, clock, Wanted(32, 10), seconds=1, tell=tell)  # type: ignore[arg-type]


def test_the_largest_that_may_fit_are_measured(clock: SlowClock) -> None:
    measured = measure_all(clock, "20ms")
    assert measured.budget_ms == 20
    by_name = {one.name: one for one in measured.candidates}
    for base in {one.base for one in measured.candidates}:
        own = sorted((one for one in by_name.values() if one.base == base), key=lambda one: one.multiply_adds)
        near = [one for one in own if one.multiply_adds <= 22e6]
        assert [one.name for one in own if one.measured] == [one.name for one in near[-2:]]
    for one in by_name.values():
        assert one.latency is not None
        if one.measured:
            assert one.verdict is (Verdict.MET if one.latency.high_ms <= 20 else one.verdict)
        else:
            assert one.verdict is not Verdict.MET


def test_widths_climb_no_further_than_the_budget(clock: SlowClock) -> None:
    told: list[str] = []
    small, large = measure_all(clock, "2ms", told), measure_all(clock, "100s")
    assert len(small.candidates) < len(large.candidates) == len(ladder(32))
    for base in {one.base for one in small.candidates}:
        over = [one for one in small.candidates if one.base == base and one.multiply_adds > 2.5e6]
        assert len(over) <= 1
    assert told[-1] == f"measuring {len(shortlist(small))} of {len(small.candidates)} candidates, side by side"


def shortlist(measured: Measured) -> list[Candidate]:
    return [one for one in measured.candidates if one.measured]


def test_when_nothing_fits_the_three_fastest_are_measured(clock: SlowClock) -> None:
    measured = measure_all(clock, "1us")
    fastest = sorted(measured.candidates, key=lambda one: one.multiply_adds)[:3]
    assert [one.name for one in fastest] == sorted(clock.measured, key=[one.name for one in fastest].index)
    assert all(one.verdict is Verdict.MISSED for one in fastest)


def test_a_relative_budget_is_measured_beside_its_reference(clock: SlowClock) -> None:
    measured = measure_all(clock, "0.5x mobilenet_v2")
    reference = count(find("mobilenet_v2").with_classes(10).with_input(32)).multiply_adds / 1e6
    assert measured.reference is not None
    assert measured.reference.name == "mobilenet_v2"
    assert measured.budget_ms == pytest.approx(0.5 * reference)
    assert "mobilenet_v2" in clock.measured
    assert clock.screened[0] == ["mobilenet_v2"]
    assert "mobilenet_v2" not in {one.name for one in measured.candidates}


def test_every_kind_of_network_is_timed_where_it_is_fastest(clock: SlowClock) -> None:
    """int8 halves most times, makes ShuffleNets slower, and bf16 fails."""
    clock.factors = {"int8": 0.5, "bf16": None, ("int8", "shufflene"): 1.4}
    clock.allowed = (("onnxruntime", "fp32"), ("openvino", "bf16"), ("onnxruntime", "int8"))
    told: list[str] = []
    measured = measure_all(clock, "0.5x mobilenet_v2", told)
    by_family: dict[str, set[tuple[str, str]]] = {}
    for one in measured.candidates:
        assert one.latency is not None
        by_family.setdefault(one.family, set()).add((one.latency.runtime, one.latency.precision))
    assert by_family["shufflenet_v2"] == {("onnxruntime", "fp32")}
    assert by_family["mobilenet_v3"] == {("onnxruntime", "int8")}
    assert measured.reference is not None
    assert measured.reference.precision == "fp32"
    assert "left out openvino bf16 where it fails: it cannot" in told
    # In half the time twice as much is possible.
    plain = measure_all(SlowClock(), "0.5x mobilenet_v2")
    quantised, floating = (
        max(one.multiply_adds for one in found.candidates if one.verdict is Verdict.MET) for found in (measured, plain)
    )
    assert quantised > 1.5 * floating


def test_an_unknown_reference_is_an_error(clock: SlowClock) -> None:
    with pytest.raises(EdgewiseError, match="lenet5"):
        measure_all(clock, "0.5x lenet5")
