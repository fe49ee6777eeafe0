"""The times of layers: they add up to the inference, and what tracing adds is no part of them."""

from __future__ import annotations

import pytest

from edgewise.blocks import Classifier, ConvBNAct
from edgewise.costs.units import units
from edgewise.devices import installed_runtime
from edgewise.devices.prediction import Setting, UnitTime
from edgewise.errors import EdgewiseError
from edgewise.papers import Architecture
from edgewise.profiling import layers

TINY = Architecture(
    "tiny", (ConvBNAct(out_channels=8), ConvBNAct(out_channels=8), Classifier(classes=4)), input=(3, 16, 16)
)
PARTS = units(TINY.graph)
SETTING = Setting("onnxruntime", installed_runtime("onnxruntime").version(), "fp32", 1)


def test_what_tracing_adds_to_every_kernel_is_taken_off() -> None:
    true = [10.0 * (index + 1) for index in range(len(PARTS))]
    rounds = [[UnitTime(us + 3.0, 1) for us in true]] * 3
    made = layers._settled(TINY, sum(true) / 1000, PARTS, rounds)
    assert made.us == pytest.approx(true)
    assert made.kernels == (1,) * len(PARTS)


def test_a_disturbed_round_is_outvoted_and_the_sum_is_the_latency() -> None:
    quiet = [UnitTime(10.0, 1)] * len(PARTS)
    disturbed = [UnitTime(500.0, 1), *quiet[1:]]
    made = layers._settled(TINY, len(PARTS) / 100, PARTS, [quiet, disturbed, quiet])
    assert made.us == pytest.approx([10.0] * len(PARTS))
    slower = layers._settled(TINY, 1.0, PARTS, [quiet])
    assert sum(slower.us) == pytest.approx(1000)


def test_a_busy_machine_is_told_and_takes_no_layer_away() -> None:
    true = [10.0 * (index + 1) for index in range(len(PARTS))]
    rounds = [[UnitTime(3.0 * us, 1) for us in true]] * 3
    made = layers._settled(TINY, sum(true) / 1000, PARTS, rounds)
    assert sum(made.us) == pytest.approx(sum(true))
    assert min(made.us) > 0.3 * min(true)
    assert made.strain > 1.5
    quiet = layers._settled(TINY, sum(true) / 1000, PARTS, [[UnitTime(us + 1.0, 1) for us in true]] * 3)
    assert quiet.strain == pytest.approx(1.0)


def test_networks_are_timed_on_this_machine() -> None:
    (made,) = layers.time_layers([TINY], SETTING, seconds=0.0)
    assert made.units == PARTS
    assert sum(made.us) == pytest.approx(1000 * made.ms)
    assert sum(made.kernels) >= 3


def test_a_runtime_that_does_not_tell_is_a_sentence() -> None:
    with pytest.raises(EdgewiseError, match="does not say what its kernels take"):
        layers.time_layers([TINY], Setting("torch_eager", None, "fp32", 1))
