"""`bench`: models, runtimes, precisions and threads measured side by side; and `--throughput`."""

from edgewise.verbs.bench.latencies import bench
from edgewise.verbs.bench.result import Benched, Facts

__all__ = ["Benched", "Facts", "bench"]
