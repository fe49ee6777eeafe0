"""Runtimes and threads that are asked for. Nothing slow is imported here, so that a misspelling is told at once."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.devices import INTEGER_PRECISIONS, Runtime, find_runtime, installed_runtime, runtime_names
from edgewise.devices.machine import available_cores
from edgewise.errors import EdgewiseError


def integer_precisions(runtime: Runtime) -> list[str]:
    """Those of the runtime's precisions that are for quantised artifacts."""
    return [precision for precision in runtime.precisions if precision in INTEGER_PRECISIONS]


def integer_runtimes(names: Sequence[str]) -> list[Runtime]:
    """The runtimes that are asked for, `all` for those installed that have int8. Raises `EdgewiseError` for one that is
    not there, or has no int8."""
    if "all" in names:
        every = map(find_runtime, runtime_names())
        return [one for one in every if integer_precisions(one) and one.version() is not None]
    found = [installed_runtime(name) for name in dict.fromkeys(names)]
    if not found:
        raise EdgewiseError("there is no runtime to quantise for; name one")
    for one in found:
        if not integer_precisions(one):
            have = ", ".join(name for name in runtime_names() if integer_precisions(find_runtime(name)))
            raise EdgewiseError(f"{one.name} does not compute in int8; choose one of: {have}")
    return found


def threads_notes(counts: Sequence[int]) -> list[str]:
    """A note where more threads are asked for than can run at once."""
    cores = available_cores()
    over = [str(count) for count in counts if count > cores]
    if not over:
        return []
    there = "1 core" if cores == 1 else f"{cores} cores"
    return [f"the machine has {there} to use: {', '.join(over)} threads take turns on {'it' if cores == 1 else 'them'}"]
