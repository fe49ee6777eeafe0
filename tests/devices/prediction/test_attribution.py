"""Every kernel's time ends up in some unit, whatever a runtime calls it."""

from __future__ import annotations

import pytest

from edgewise.costs.units import units
from edgewise.devices.prediction.attribution import attributed, typical_us
from edgewise.devices.runtimes import KernelTimes
from edgewise.papers import find

NETWORK = find("mobilenet_v3_small").with_input(32).with_classes(10)
PARTS = units(NETWORK.graph)


def placed(*names: str) -> dict[str, int]:
    """The units that kernels of those names belong to, in how many kernels each."""
    found = attributed(NETWORK.graph, PARTS, [KernelTimes(name, (1000,) * 10) for name in names])
    return {unit.name: time.kernels for unit, time in zip(PARTS, found, strict=True) if time.kernels}


@pytest.mark.parametrize(
    ("kernel", "unit"),
    [
        ("2.expand.activation_nchwc", "2.expand.conv"),  # ONNX Runtime: convolution and activation fused
        ("2.expand.conv/WithoutBiases", "2.expand.conv"),  # OpenVINO
        ("1.squeeze_excite.pool", "1.squeeze_excite.pool"),
        ("1.depthwise.conv_token_24", "1.depthwise.conv"),
        ("12.conv.conv", "12.conv.conv"),  # and not row 1's
        ("logits", PARTS[-1].name),
    ],
)
def test_by_the_longest_name(kernel: str, unit: str) -> None:
    assert placed(kernel) == {unit: 1}


def test_what_has_no_name_of_ours_belongs_to_what_ran_before() -> None:
    assert placed("ReorderInput_token_1") == {PARTS[0].name: 1}
    assert placed("2.project.conv", "ReorderOutput_token_177", "HardSigmoid_158") == {"2.project.conv": 3}


def test_all_time_is_given_to_somebody() -> None:
    kernels = [
        KernelTimes(name, (2000, 3000, 4000)) for name in ("image_QuantizeLinear", "3.expand.conv", "x", "logits")
    ]
    found = attributed(NETWORK.graph, PARTS, kernels)
    assert sum(time.us for time in found) == pytest.approx(sum(typical_us(one.ns) for one in kernels))
    assert sum(time.kernels for time in found) == 4


def test_a_typical_time_leaves_out_luck_and_other_peoples_work() -> None:
    assert typical_us([10_000] * 8 + [1_000, 90_000]) == pytest.approx(10)
    assert typical_us([5_000]) == 5
