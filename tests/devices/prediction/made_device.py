"""A device whose times are known: what a unit takes, what tracing adds, and what an inference costs beside."""

from __future__ import annotations

import random
from collections.abc import Sequence

from edgewise.costs.rules import RULES
from edgewise.costs.units import Unit, units
from edgewise.devices.prediction import LatencyTable, Setting, UnitTime
from edgewise.papers import Architecture
from edgewise.papers.ladders import ladders

SETTING = Setting("onnxruntime", "1.31", "fp32", 1)
TRACING_US, BESIDE_MS = 2.0, 0.05


def us_of(unit: Unit) -> float:
    """Work and memory, and a step of 16 channels."""
    cost = RULES[type(unit.op)](unit.op, unit.output, *unit.inputs)
    width = unit.output[0]
    return 1.5 + (cost.multiply_adds * (-(-width // 16) * 16 / width)) / 3e4 + (cost.read + cost.written) / 2e4


def ms_of(architecture: Architecture) -> float:
    return BESIDE_MS + sum(map(us_of, units(architecture.graph))) / 1000


def measured(table: LatencyTable, networks: Sequence[Architecture], *, noise: float = 0.0) -> LatencyTable:
    """The table with networks as that device would be measured, times off by up to `noise` upwards."""
    generator = random.Random(0)

    def off() -> float:
        return 1 + noise * generator.random()

    for one in networks:
        parts = units(one.graph)
        for _ in range(4):
            rows = [
                [UnitTime(off() * us_of(unit) + TRACING_US, 1) for unit in parts if unit.row == index]
                for index in range(len(one.rows))
            ]
            table = table.with_trace(one, rows).with_round(one, off() * ms_of(one))
    return table


def some_networks(start: int, step: int) -> list[Architecture]:
    """Networks of the zoo for small images, every `step` of them from `start` on."""
    every = [
        one for ladder in ladders(32, 10) for width in (0.35, 0.5, 0.75, 1.0) if (one := ladder(width)) is not None
    ]
    return every[start::step]
