"""The gauge tells when the machine is slower than it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from edgewise.devices import Variant
from edgewise.devices.blocks import Block
from edgewise.devices.gauge import Gauge


class Machine:
    """Times everything at the speed it has at the moment."""

    def __init__(self) -> None:
        self.slowness = 1.0
        self._count = 0

    def iterations(self, variant: Variant, block_ns: float) -> int:
        return 5

    def time(self, variant: Variant, iterations: int) -> Block:
        self._count += 1
        ns = round(1e6 * self.slowness * (1 + 0.01 * (self._count % 3)))
        return Block((ns,) * iterations, (ns,) * iterations, 0, 0, 0.0)


def test_slow_is_told_from_fast() -> None:
    machine = Machine()
    gauge = Gauge(cast("Any", machine), Variant("reference", Path("reference.onnx")))
    assert all(gauge.read() for _ in range(10))
    machine.slowness = 1.3
    assert not any(gauge.read() for _ in range(20))
    machine.slowness = 1.0
    assert gauge.read()
    assert 0.5 < gauge.quiet_share < 0.8


def test_a_machine_that_stays_slower_is_quiet_again() -> None:
    machine = Machine()
    gauge = Gauge(cast("Any", machine), Variant("reference", Path("reference.onnx")))
    machine.slowness = 1.3
    assert not gauge.read()
    for _ in range(600):
        gauge.read()
    assert gauge.read()
