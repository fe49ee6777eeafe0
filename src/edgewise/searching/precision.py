"""In which precision the networks of a search are trained: measured once, by the largest of interest."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from edgewise.nn import Network
from edgewise.searching.problem import Problem
from edgewise.searching.settings import FILE, Settings
from edgewise.searching.supernet.extremes import dearest
from edgewise.tasks import Tell
from edgewise.training import choose_precision
from edgewise.training.threads import one_thread


def settled(settings: Settings, folder: Path, problem: Problem, tell: Tell) -> Settings:
    """`settings` with the precision that was measured to be faster when the search in `folder` began: all its workers
    train in that."""
    recipe = settings.recipe
    if recipe.precision != "auto":
        return settings
    if (folder / FILE).exists():
        precision = Settings.read(folder).recipe.precision
    else:
        architecture = problem.space.architecture(dearest(problem))
        _, height, width = architecture.input
        # Shared weights are trained here, on all cores; each of the others by a worker, on one.
        with one_thread() if settings.evaluator == "proxy" else nullcontext():
            choice = choose_precision(
                Network(architecture), recipe, height=height, width=width, device=torch.device("cpu")
            )
        tell(f"training steps of the largest network of interest: {choice.reason}")
        precision = choice.precision
    return replace(settings, recipe=replace(recipe, precision=precision))
