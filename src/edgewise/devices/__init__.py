"""Runtimes, each in a process of its own, and the latencies measured in them. No torch here."""

from edgewise.devices.budget import Budget, Verdict
from edgewise.devices.grouping import groups
from edgewise.devices.inference import run
from edgewise.devices.latency import Latency
from edgewise.devices.machine import Machine, describe_machine
from edgewise.devices.measuring import Progress, measure, screen
from edgewise.devices.process import Worker
from edgewise.devices.runtimes import Runtime, TensorSpec, find_runtime, runtime_names

__all__ = [
    "Budget",
    "Latency",
    "Machine",
    "Progress",
    "Runtime",
    "TensorSpec",
    "Verdict",
    "Worker",
    "describe_machine",
    "find_runtime",
    "groups",
    "measure",
    "run",
    "runtime_names",
    "screen",
]
