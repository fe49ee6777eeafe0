"""How much of what the machine can do at most a network makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.devices import DeviceProfile, Latency, Machine


def share_of_peak(profile: DeviceProfile | None, latency: Latency, multiply_adds: int | None) -> float | None:
    """The network's multiply-adds per second by those of the profile's peak; None where either is not known."""
    if profile is None or multiply_adds is None:
        return None
    peak = profile.peak(latency.precision, latency.threads)
    return None if peak is None else multiply_adds / (latency.median_ms / 1e3) / peak


def peak_notes(profile: DeviceProfile, machine: Machine, latencies: Sequence[Latency]) -> list[str]:
    """What is to be said of the shares: peaks of another machine, and those that were not measured."""
    notes = []
    cpu = profile.machine.get("cpu")
    if cpu != machine.cpu:
        notes.append(f"the device profile is of another machine ({cpu}), and so are the peaks that shares are of")
    asked = dict.fromkeys((one.precision, one.threads) for one in latencies)
    if missing := [f"{precision} on {threads}" for precision, threads in asked if not profile.peak(precision, threads)]:
        notes.append(f"the device profile has no peak of {', '.join(missing)} threads")
    return notes
