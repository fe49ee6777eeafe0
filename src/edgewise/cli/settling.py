"""What is said of measurements whose time was up before they were as sure as was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.cli import console

_NAMED = 3


def note_unsettled(names: Sequence[str], total: int, *, what: str = "latencies") -> None:
    """Says how many of `total` did not settle, and names the first of them; nothing where all did."""
    if names:
        some = ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])
        console.note(f"{len(names)} of {total} {what} did not settle ({some}); give more --seconds")
