"""The shared weights of a search, trained before its trials."""

from __future__ import annotations

import time
from pathlib import Path

from edgewise.data.decoded import read_decoded
from edgewise.searching.problem import Problem
from edgewise.searching.settings import CACHE, Settings
from edgewise.searching.supernet import checkpoint
from edgewise.searching.supernet.sandwich import Sandwich
from edgewise.tasks import Tell
from edgewise.training.progress import clock

_SAID_SECONDS = 30.0


def train_shared_weights(settings: Settings, folder: Path, problem: Problem, seed: int, tell: Tell) -> None:
    """Takes all steps that are not taken yet, and tells how it goes."""
    sandwich = Sandwich(
        problem,
        read_decoded(folder / CACHE)["train"],
        settings.preprocessing,
        settings.recipe,
        folder / checkpoint.FILE,
        f"{problem.space.name} {seed}",
    )
    first = sandwich.done
    if first >= sandwich.steps:
        return
    tell(f"training shared weights: {sandwich.steps - first} steps of {sandwich.steps}")
    began = said = time.monotonic()

    def told(done: int, steps: int, loss: float) -> None:
        nonlocal began, said
        now = time.monotonic()
        if done == first + 1:
            began = said = now  # before the first step the weights are made
        if done == steps:
            tell(f"shared weights are trained; the loss of the last step was {loss:.3f}")
        elif now - said > _SAID_SECONDS:
            said = now
            left = clock((now - began) / (done - first - 1) * (steps - done))
            tell(f"step {done} of {steps}: loss {loss:.3f}; about {left} left")

    sandwich.train(told)
