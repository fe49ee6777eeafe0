"""What a device can do: probes built for every runtime and precision, timed, and their times read."""

from edgewise.profiling.bandwidth import measure_bandwidth
from edgewise.profiling.confirm import Between, Confirmation, confirm
from edgewise.profiling.figure import check_figure, write_staircases
from edgewise.profiling.overhead import measure_overhead
from edgewise.profiling.peaks import measure_peak
from edgewise.profiling.quantum import EVERY_WIDTH, KINDS, measure_quantum, sweeps
from edgewise.profiling.staircase import Staircase, find_staircase
from edgewise.profiling.timing import Setting

__all__ = [
    "EVERY_WIDTH",
    "KINDS",
    "Between",
    "Confirmation",
    "Setting",
    "Staircase",
    "check_figure",
    "confirm",
    "find_staircase",
    "measure_bandwidth",
    "measure_overhead",
    "measure_peak",
    "measure_quantum",
    "sweeps",
    "write_staircases",
]
