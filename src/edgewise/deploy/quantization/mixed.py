"""Mixed precision: the parts that cost the accuracy are put back into floating point, as few as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgewise.deploy.quantization.groups import nodes_in
from edgewise.deploy.quantization.scheme import Scheme
from edgewise.deploy.quantization.sensitivity import Sensitivities
from edgewise.deploy.quantization.trials import Attempt, Subject, Trials

MOST = 0.5
"""The largest share of the parts that is put back. An artifact that needs more is a floating-point one with detours."""


def put_back(
    trials: Trials, subject: Subject, images: np.ndarray, scheme: Scheme, lead: Attempt, found: Sensitivities
) -> None:
    """Judges artifacts of `scheme` with more and more of the worst parts in floating point, in the runtime and
    precision of `lead`, until one holds its accuracy, then with fewer again as long as one does; that with the fewest
    is judged in the other combinations too.

    All that hold remain candidates: which is the fastest is for the measurement to say, since a border between int8
    and floating point costs time on either side.
    """
    ranked = [one.group for one in found.groups if one.noise > 0]
    combination = (lead.runtime, lead.precision)

    def attempts(count: int, only: tuple[str, str] | None) -> list[Attempt]:
        parts = ranked[:count]
        return trials.quantise(
            subject,
            images,
            scheme,
            keep_float=nodes_in(parts),
            in_float=tuple(part.name for part in parts),
            only=only,
        )

    fewest = fewest_that(lambda count: any(map(trials.holds, attempts(count, combination))), round(MOST * len(ranked)))
    if fewest is not None:
        attempts(fewest, None)


def fewest_that(holds: Callable[[int], bool], most: int) -> int | None:
    """The smallest number from 1 to `most` of which `holds` is true, taken for monotone; None where it is of none.

    Doubles until it holds, then halves the interval: about `2 log2` of the answer calls.
    """
    failed, step = 0, 1
    while True:
        step = min(step, most)
        if step <= failed:
            return None
        if holds(step):
            break
        failed, step = step, 2 * step
    while step - failed > 1:
        middle = (failed + step) // 2
        if holds(middle):
            step = middle
        else:
            failed = middle
    return step


def worst(found: Sensitivities, count: int = 5) -> Sequence[str]:
    """The worst parts in words."""
    return [f"{one.group.name} {one.decibels:.1f} dB" for one in found.groups[:count] if one.noise > 0]
