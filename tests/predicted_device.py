"""The profile of a device that was never measured: it takes 1 µs for 0.1 M multiply-adds and 2 µs for every kernel."""

from __future__ import annotations

from functools import cache

from edgewise.costs.rules import RULES
from edgewise.costs.units import Unit, units
from edgewise.devices import describe_machine
from edgewise.devices.prediction import LatencyTable, Setting, UnitTime
from edgewise.devices.prediction.table import with_table
from edgewise.devices.profile import DeviceProfile
from edgewise.papers import families


def us_of(unit: Unit) -> float:
    cost = RULES[type(unit.op)](unit.op, unit.output, *unit.inputs)
    return 2 + cost.multiply_adds / 1e5 + (cost.read + cost.written) / 1e5


@cache
def device() -> DeviceProfile:
    """fp32, and int8 in half the time; from the zoo's scalable networks for 32 pixels."""
    profile = DeviceProfile.of(describe_machine())
    for precision, factor in (("fp32", 1.0), ("int8", 0.5)):
        table = LatencyTable(Setting("onnxruntime", "1", precision, 1))
        for family in families():
            for scaled in family.scalable.values():
                network = scaled(0.5).with_classes(10).with_input(32)
                parts = [(unit.row, factor * us_of(unit)) for unit in units(network.graph)]
                rows = [[UnitTime(us, 1) for row, us in parts if row == index] for index in range(len(network.rows))]
                table = table.with_trace(network, rows)
                for _ in range(2):
                    table = table.with_round(network, sum(us for _, us in parts) / 1000)
        profile = with_table(profile, table)
    return profile
