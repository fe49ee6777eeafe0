"""Latencies put in order without ranking what the measurement cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.devices.latency import Latency


def groups(latencies: Iterable[Latency]) -> list[list[Latency]]:
    """Groups of latencies that are the same within noise, the fastest group first.

    The latencies are gone through by median. Each joins the first group whose *fastest* member's interval its own
    overlaps; where there is none it opens a group and is that group's fastest. Overlap is not transitive: with
    `a ~ b` and `b ~ c` but `a` clearly faster than `c`, chaining would put all three together and, over enough
    candidates, everything into one group. Here every member is within noise of its group's fastest, and the fastest
    members of two groups never are. Two neighbours on either side of a border may still overlap.

    Within a group there is no ranking: members are ordered by name, runtime, precision and threads. The fastest is
    `min` by `median_ms`.
    """
    found: list[list[Latency]] = []
    for latency in sorted(latencies, key=lambda item: (item.median_ms, *_named(item))):
        home = next((group for group in found if latency.overlaps(group[0])), None)
        if home is None:
            found.append([latency])
        else:
            home.append(latency)
    return [sorted(group, key=_named) for group in found]


def _named(latency: Latency) -> tuple[str, str, str, int]:
    return latency.name, latency.runtime, latency.precision, latency.threads
