"""Optuna's samplers as searchers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from edgewise.searching.problem import Problem, Result
from edgewise.searching.searchers.base import BATCH
from edgewise.searching.space import Point

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

Sampler = Literal["tpe", "nsga2", "gp"]


class OptunaSearch:
    """A study of two objectives in memory, whose trials are the points. `batch` of them are asked for before any is
    told of."""

    def __init__(self, problem: Problem, *, sampler: Sampler = "tpe", seed: int = 0, batch: int = BATCH) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.batch = batch
        self._problem = problem
        self._study = optuna.create_study(directions=["maximize", "minimize"], sampler=_sampler(sampler, seed))
        self._space: dict[str, BaseDistribution] = {
            choice.name: optuna.distributions.CategoricalDistribution([str(one) for one in range(len(choice.options))])
            for choice in problem.space.choices
        }
        self._asked: list[int] = []

    def ask(self) -> list[Point]:
        trials = [self._study.ask(self._space) for _ in range(self.batch)]
        self._asked = [trial.number for trial in trials]
        return [tuple(int(trial.params[name]) for name in self._space) for trial in trials]

    def tell(self, results: Sequence[Result]) -> None:
        for number, one in zip(self._asked, results, strict=True):
            self._study.tell(number, [one.accuracy, one.cost])


def _sampler(name: Sampler, seed: int) -> BaseSampler:
    from optuna import samplers

    match name:
        case "tpe":
            return samplers.TPESampler(seed=seed, multivariate=True)
        case "nsga2":
            return samplers.NSGAIISampler(population_size=20, seed=seed)
        case "gp":
            return samplers.GPSampler(seed=seed, n_startup_trials=20)
