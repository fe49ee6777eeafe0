"""What an op and an inference cost beside their arithmetic: a line through networks of more and more tiny ops."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median

from edgewise.devices.profile import Overhead
from edgewise.profiling.probes import tiny_ops
from edgewise.profiling.timing import Setting, Timer, timed, unquiet

NUMBERS = (4, 8, 16, 24, 32)
"""How many ops the networks have."""


def robust_line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and intercept after Theil and Sen: the median of the slopes between any two points, and the median of what
    is left at 0. Two points in seven may be anywhere without moving it far. The x must differ."""
    slope = median((y - v) / (x - u) for (u, v), (x, y) in itertools.combinations(points, 2))
    return slope, median(y - slope * x for x, y in points)


def measure_overhead(
    setting: Setting, seconds: float, numbers: Sequence[int] = NUMBERS, *, timer: Timer = timed
) -> Overhead:
    """The overhead of one runtime and precision, measured for about `seconds`.

    Raises `EdgewiseError` where the runtime cannot do it.
    """
    probes = [tiny_ops(number) for number in numbers]
    latencies = timer(probes, setting, seconds)
    points = [(number, 1e3 * latencies[probe.name].p10_ms) for number, probe in zip(numbers, probes, strict=True)]
    per_op, per_inference = robust_line(points)
    return Overhead(
        runtime=setting.runtime,
        precision=setting.precision,
        op="1x1 convolution",
        per_op_us=per_op,
        per_inference_us=per_inference,
        points=tuple(points),
        runtime_version=next(iter(latencies.values())).runtime_version,
        unquiet=unquiet(list(latencies.values())),
        seconds=seconds,
    )
