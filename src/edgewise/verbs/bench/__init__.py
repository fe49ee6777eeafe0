"""`bench`: models, runtimes, precisions and threads measured side by side; and the throughput of streams."""

from edgewise.verbs.bench.latencies import bench
from edgewise.verbs.bench.rates import Throughput, Throughputs
from edgewise.verbs.bench.result import Benched, Facts
from edgewise.verbs.bench.streaming import throughput

__all__ = ["Benched", "Facts", "Throughput", "Throughputs", "bench", "throughput"]
