"""The two forms of NetAdapt: how much every step cuts, and which proposal it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgewise.errors import EdgewiseError

Form = Literal["netadapt", "mobilenet_v3"]
FORMS: tuple[Form, ...] = ("netadapt", "mobilenet_v3")

_FIRST, _DECAY = 0.025, 0.96
_SHARE = 0.01
_MOST_STEPS = 150


@dataclass(frozen=True)
class Outcome:
    """What a proposal came to: its accuracy on the holdout after the short fine-tune, and its latency in ms."""

    name: str
    accuracy: float
    ms: float


def form_of(name: str) -> Form:
    """The form called `name`. Raises `EdgewiseError` where there is none."""
    for form in FORMS:
        if form == name:
            return form
    raise EdgewiseError(f"there is no form {name!r}; choose one of: {', '.join(FORMS)}")


def least_cut(form: Form, seed_ms: float, step: int) -> float:
    """The least that step number `step` (from 1) has to cut, in ms, for a network that took `seed_ms` to begin with.

    `netadapt`: 2.5% of that in the first step, times 0.96 with every other (the authors' release). `mobilenet_v3`: 1%
    of it always (MobileNetV3, section 4.2).
    """
    return seed_ms * (_FIRST * _DECAY ** (step - 1) if form == "netadapt" else _SHARE)


def steps_left(form: Form, seed_ms: float, step: int, ms: float, target_ms: float) -> int | None:
    """How many steps there are after step number `step`, which took the network to `ms`, if every one cuts the least
    that it has to; none where they would not come to `target_ms` at all."""
    cuts = 0
    while ms > target_ms:
        cuts += 1
        if cuts > _MOST_STEPS:
            return None
        ms -= least_cut(form, seed_ms, step + cuts)
    return cuts


def winner(form: Form, before: Outcome, outcomes: Sequence[Outcome]) -> Outcome:
    """The proposal that the step takes; of equals the first.

    `netadapt` takes the highest accuracy (NetAdapt, Algorithm 1), of equals the fastest. `mobilenet_v3` takes the
    largest ΔAccuracy/|ΔLatency|. Accuracy mostly falls, and then that is the least loss per ms; of a gain the ratio
    would prefer the smallest cut, so among proposals that lose nothing the largest cut wins, and the higher accuracy
    among equal cuts.
    """
    if form == "netadapt":
        return max(outcomes, key=lambda one: (one.accuracy, -one.ms))
    gains = [one for one in outcomes if one.accuracy >= before.accuracy]
    if gains:
        return min(gains, key=lambda one: (one.ms, -one.accuracy))
    return max(outcomes, key=lambda one: (one.accuracy - before.accuracy) / max(before.ms - one.ms, 1e-9))
