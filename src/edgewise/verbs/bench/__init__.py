"""`bench`: models, runtimes, precisions and threads measured side by side; and the throughput of streams.

All is imported when first used: what is asked for can then be checked (`combinations`) before anything slow is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.verbs.bench.latencies import bench
    from edgewise.verbs.bench.rates import Throughput, Throughputs
    from edgewise.verbs.bench.result import Benched, Facts
    from edgewise.verbs.bench.streaming import throughput

__all__ = ["Benched", "Facts", "Throughput", "Throughputs", "bench", "throughput"]

_MODULES = {
    "Benched": "result",
    "Facts": "result",
    "Throughput": "rates",
    "Throughputs": "rates",
    "bench": "latencies",
    "throughput": "streaming",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
