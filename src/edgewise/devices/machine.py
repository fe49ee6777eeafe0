"""The machine a latency holds for. What a system does not say is None; nothing here fails."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgewise.devices.runtimes import installed_runtime

_T = TypeVar("_T")

_CPUINFO = Path("/proc/cpuinfo")
_DEVICE_TREE = Path("/proc/device-tree/model")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CORE_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Machine:
    """CPU, system and runtime. `usable_cores` is what this process may be scheduled on, `core_quota` how many cores'
    worth of time a container allows it; memory is in bytes; `load` is the mean number of busy tasks over 1, 5 and 15
    minutes at the moment of describing.
    """

    cpu: str | None
    architecture: str
    cores: int | None
    usable_cores: int | None
    core_quota: float | None
    memory_bytes: int | None
    os: str
    kernel: str
    governor: str | None
    load: tuple[float, float, float] | None
    python: str
    runtime: str
    runtime_version: str | None

    def to_json(self) -> dict[str, Any]:
        """The fields by name, ready for `json.dumps`."""
        content = asdict(self)
        content["load"] = None if self.load is None else list(self.load)
        return content

    def in_words(self) -> dict[str, str]:
        """What is known of it as a person reads it."""
        cores = f"{self.cores}, of which this process may use {self.usable_cores}"
        said = {
            "processor": self.cpu,
            "architecture": self.architecture,
            "cores": cores if self.core_quota is None else f"{cores}, limited to {self.core_quota:g}",
            "memory": None if self.memory_bytes is None else f"{self.memory_bytes / 2**30:.1f} GiB",
            "system": f"{self.os}, kernel {self.kernel}",
            "frequency governor": self.governor,
            "busy tasks over 1, 5 and 15 minutes, at the start": self.load
            and ", ".join(f"{value:.2f}" for value in self.load),
            "Python": self.python,
            "runtime": f"{self.runtime} {self.runtime_version}",
        }
        return {name: words for name, words in said.items() if words}


def describe_machine(runtime: str = "onnxruntime") -> Machine:
    """Describes this machine and the runtime. Raises `EdgewiseError` for a runtime unknown or not installed."""
    return Machine(
        cpu=_cpu_model(),
        architecture=platform.machine(),
        cores=os.cpu_count(),
        usable_cores=_usable_cores(),
        core_quota=_core_quota(),
        memory_bytes=memory_bytes(),
        os=_os_name(),
        kernel=platform.release(),
        governor=_first_line(_GOVERNOR),
        load=_or_none(lambda: os.getloadavg()),
        python=platform.python_version(),
        runtime=runtime,
        runtime_version=installed_runtime(runtime).version(),
    )


def available_cores() -> int:
    """How many cores this process may keep busy: those it may be scheduled on, and a container's share of time in whole
    cores, at least one."""
    cores, quota = _usable_cores() or 1, _core_quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def memory_bytes() -> int | None:
    """Physical memory; None on systems that do not say (Windows)."""
    return _or_none(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _cpu_model() -> str | None:
    system = platform.system()
    if system == "Darwin":
        return _or_none(_macos_cpu)
    if system == "Linux":
        return _linux_cpu()
    return platform.processor() or None


def _macos_cpu() -> str | None:
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    return answer.stdout.strip() or None


def _linux_cpu() -> str | None:
    """x86 names its model in cpuinfo; most Arm boards only themselves, in the device tree.

    Virtual machines often name no more than a brand: the family and model numbers tell its generations apart.
    """
    try:
        lines = _CPUINFO.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    named = entries.get("model name") or entries.get("Hardware") or entries.get("Model")
    if named and "cpu family" in entries and "model" in entries:
        return f"{named} (family {entries['cpu family']}, model {entries['model']})"
    return named or _first_line(_DEVICE_TREE)


def _usable_cores() -> int | None:
    # Not on macOS and Windows, where a process may use every core.
    affinity = getattr(os, "sched_getaffinity", None)
    return os.cpu_count() if affinity is None else len(affinity(0))


def _core_quota() -> float | None:
    """The container's share of CPU time in cores, from cgroup v2's `cpu.max` ("quota period", or "max period")."""
    words = (_first_line(_CORE_QUOTA) or "max").split()
    if words[0] == "max":
        return None
    return _or_none(lambda: int(words[0]) / int(words[1]))


def _os_name() -> str:
    release = _or_none(platform.freedesktop_os_release) if platform.system() == "Linux" else None
    return (release or {}).get("PRETTY_NAME") or f"{platform.system()} {platform.version()}".strip()


def _first_line(path: Path) -> str | None:
    try:
        lines = path.read_text(errors="replace").replace("\0", "").splitlines()
    except OSError:
        return None
    return lines[0].strip() or None if lines else None


def _or_none(ask: Callable[[], _T]) -> _T | None:
    """What `ask` answers, None where this system lacks the call or the answer."""
    try:
        return ask()
    except (AttributeError, OSError, ValueError, IndexError, ZeroDivisionError, subprocess.SubprocessError):
        return None
