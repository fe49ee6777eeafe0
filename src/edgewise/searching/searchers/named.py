"""Searchers by the name that a user gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgewise.errors import EdgewiseError
from edgewise.searching.problem import Problem
from edgewise.searching.searchers.base import Searcher
from edgewise.searching.searchers.controller import PPO, TUNED, ControllerSearch
from edgewise.searching.searchers.evolution import Evolution
from edgewise.searching.searchers.optuna_search import OptunaSearch
from edgewise.searching.searchers.random_search import RandomSearch
from edgewise.searching.searchers.surrogate import Surrogate

SEARCHERS: Mapping[str, Callable[[Problem, int], Searcher]] = {
    "surrogate": lambda problem, seed: Surrogate(problem, seed=seed),
    "ppo": lambda problem, seed: ControllerSearch(problem, seed=seed, ppo=PPO()),
    "ppo_tuned": lambda problem, seed: ControllerSearch(problem, seed=seed, ppo=TUNED),
    "evolution": lambda problem, seed: Evolution(problem, seed=seed),
    "tpe": lambda problem, seed: OptunaSearch(problem, sampler="tpe", seed=seed),
    "nsga2": lambda problem, seed: OptunaSearch(problem, sampler="nsga2", seed=seed),
    "gp": lambda problem, seed: OptunaSearch(problem, sampler="gp", seed=seed),
    "random": lambda problem, seed: RandomSearch(problem, seed=seed),
}
"""By name, given the problem and a seed."""

DEFAULT = "surrogate"


def find_searcher(name: str) -> Callable[[Problem, int], Searcher]:
    """What makes the searcher called `name`, given a problem and a seed. Raises `EdgewiseError` for an unknown name."""
    if name not in SEARCHERS:
        raise EdgewiseError(f"there is no searcher {name!r}; choose one of: {', '.join(SEARCHERS)}")
    return SEARCHERS[name]
