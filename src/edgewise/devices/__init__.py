"""Runtimes, each in a process of its own, and the latencies measured in them. No torch here."""

from edgewise.devices.budget import Budget, Verdict
from edgewise.devices.grouping import groups
from edgewise.devices.inference import run, run_each
from edgewise.devices.latency import Latency
from edgewise.devices.machine import Machine, describe_machine
from edgewise.devices.measuring import Progress, measure, measure_variants, screen, screen_variants
from edgewise.devices.process import Worker
from edgewise.devices.profile import DeviceProfile
from edgewise.devices.runtimes import (
    FLOAT_PRECISIONS,
    INTEGER_PRECISIONS,
    Runtime,
    TensorSpec,
    find_runtime,
    installed_runtime,
    runtime_names,
)
from edgewise.devices.variants import Variant

__all__ = [
    "FLOAT_PRECISIONS",
    "INTEGER_PRECISIONS",
    "Budget",
    "DeviceProfile",
    "Latency",
    "Machine",
    "Progress",
    "Runtime",
    "TensorSpec",
    "Variant",
    "Verdict",
    "Worker",
    "describe_machine",
    "find_runtime",
    "groups",
    "installed_runtime",
    "measure",
    "measure_variants",
    "run",
    "run_each",
    "runtime_names",
    "screen",
    "screen_variants",
]
