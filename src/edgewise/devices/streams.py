"""What one stream of inferences, one after another without a pause, got done inside a window of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Stream:
    """`inferences` finished inside the window; one that began before it or ended behind it counts with the part inside,
    so that the count is not rounded to whole ones. `median_ns` is the time one took, `cpu_ns` and `busy_ns` the CPU
    time of this process and of all processes meanwhile (None where the system does not say). `late`: the stream was not
    yet running when the window opened.
    """

    inferences: float
    median_ns: float
    cpu_ns: int
    busy_ns: int | None
    late: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def run_stream(infer: Callable[[], object], opens_ns: int, closes_ns: int, busy_ns: Callable[[], int | None]) -> Stream:
    """Calls `infer` again and again from now on until the window closes; times are of `time.perf_counter_ns`, which is
    the same in all processes of a machine. Streams given one window all run from its first moment to its last."""
    clock = time.perf_counter_ns
    spans: list[tuple[int, int]] = []
    start = clock()
    late = start > opens_ns
    own = busy = None
    while start < closes_ns:
        if own is None and start >= opens_ns:
            own, busy = time.process_time_ns(), busy_ns()
        infer()
        stop = clock()
        if stop > opens_ns:
            spans.append((start, stop))
        start = stop
    own_after, busy_after = time.process_time_ns(), busy_ns()
    inside = [(min(stop, closes_ns) - max(start, opens_ns)) / (stop - start) for start, stop in spans]
    return Stream(
        inferences=sum(inside),
        median_ns=median(stop - start for start, stop in spans) if spans else 0.0,
        cpu_ns=0 if own is None else own_after - own,
        busy_ns=None if busy is None or busy_after is None else busy_after - busy,
        late=late or own is None,
    )
