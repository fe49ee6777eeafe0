"""Predictions on a device whose times are known."""

from __future__ import annotations

from statistics import fmean

import pytest
from made_device import BESIDE_MS, SETTING, TRACING_US, measured, ms_of, some_networks

from edgewise.costs.units import units
from edgewise.devices.prediction import LatencyTable, Predictor, Reach, UnitTime
from edgewise.devices.prediction.predictor import _Model, relative_fit
from edgewise.errors import EdgewiseError
from edgewise.papers import find


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(measured(LatencyTable(SETTING), some_networks(0, 2)))


def test_what_tracing_adds_is_found(predictor: Predictor) -> None:
    assert predictor.tracing_us == pytest.approx(TRACING_US, rel=0.25)


def test_networks_of_the_table_are_looked_up(predictor: Predictor) -> None:
    for one in some_networks(0, 2)[::5]:
        found = predictor.predict(one)
        assert found.known == 1
        assert found.ms == pytest.approx(ms_of(one), rel=0.05)
        assert found.low_ms <= found.ms <= found.high_ms


def test_networks_that_were_never_measured(predictor: Predictor) -> None:
    unseen = some_networks(1, 2)
    found = [predictor.predict(one) for one in unseen]
    errors = [abs(one.ms / ms_of(network) - 1) for one, network in zip(found, unseen, strict=True)]
    assert fmean(errors) < 0.08
    assert 0.1 < fmean(one.known for one in found) < 1
    inside = fmean(one.low_ms <= ms_of(network) <= one.high_ms for one, network in zip(found, unseen, strict=True))
    assert inside > 0.8
    assert predictor.accuracy.noise == 0
    assert predictor.accuracy.error < 0.15


def test_what_is_mostly_estimated_and_unlike_the_table_lies_beyond(predictor: Predictor) -> None:
    assert not any(predictor.predict(one).beyond for one in some_networks(0, 2)[::5])
    larger = find("resnet18").with_input(224)
    found = predictor.predict(larger)
    assert found.known < 0.5
    assert found.beyond
    assert larger not in predictor.reach


def test_reach_is_of_inputs_and_multiply_adds() -> None:
    one, other = find("mobilenet_v2").with_input(128), find("mobilenet_v2")
    reach = Reach.of([one, other])
    assert one in reach
    assert other in reach
    assert find("mobilenet_v2").with_input(160) in reach
    assert find("mobilenet_v2").with_input(256) not in reach
    assert find("resnet18") not in reach
    assert str(Reach((32, 32), (1_000_000, 60_400_000))) == "networks of 32 pixels and 1 to 60.4 M multiply-adds"


def test_a_network_left_out_tells_nothing_of_its_rows() -> None:
    """Its neighbours share rows with it; what was timed inside it must not help, or harm, to predict it."""
    shared, *others = some_networks(0, 2)
    table = measured(LatencyTable(SETTING), others)
    rows = [[UnitTime(1e5, 1) for unit in units(shared.graph) if unit.row == row] for row in range(len(shared.rows))]
    spoilt = table.with_trace(shared, rows).with_round(shared, 1e3)
    known = [table.networks[one.digest] for one in others]
    assert any(len(spoilt.entries[key].times) > len(entry.times) for key, entry in table.entries.items())
    assert _Model(spoilt, known).predict(shared) == _Model(table, known).predict(shared)


def test_noise_is_what_two_halves_differ_by() -> None:
    noisy = Predictor(measured(LatencyTable(SETTING), some_networks(0, 3), noise=0.3))
    assert 0.01 < noisy.accuracy.noise < 0.2


def test_too_few_networks_are_refused() -> None:
    table = measured(LatencyTable(SETTING), some_networks(0, 2)[:7])
    with pytest.raises(
        EdgewiseError, match="has 7 networks and predicting takes 8 or more; measure some with: edgewise"
    ):
        Predictor(table)


def test_a_line_by_relative_errors_is_not_led_by_outliers() -> None:
    sums = [0.1 * one for one in range(1, 30)]
    times = [BESIDE_MS + 1.1 * one for one in sums]
    times[3] *= 2
    offset, factor = relative_fit([[1.0, one] for one in sums], times)
    assert offset == pytest.approx(BESIDE_MS, rel=0.05)
    assert factor == pytest.approx(1.1, rel=0.02)
