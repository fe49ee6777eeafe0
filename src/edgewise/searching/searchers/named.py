"""Searchers by the name that a user gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgewise.errors import EdgewiseError
from edgewise.searching.prefilter import Prefilter
from edgewise.searching.problem import Problem
from edgewise.searching.searchers.base import Searcher
from edgewise.searching.searchers.controller import PPO, TUNED, ControllerSearch
from edgewise.searching.searchers.evolution import Evolution
from edgewise.searching.searchers.optuna_search import OptunaSearch
from edgewise.searching.searchers.random_search import RandomSearch
from edgewise.searching.searchers.surrogate import Surrogate

Make = Callable[[Problem, int, Prefilter | None], Searcher]
"""Given the problem, a seed, and what chooses among networks drawn at random, if anything does."""

DRAWING: Mapping[str, Make] = {
    "surrogate": lambda problem, seed, prefilter: Surrogate(problem, seed=seed, prefilter=prefilter),
    "evolution": lambda problem, seed, prefilter: Evolution(problem, seed=seed, prefilter=prefilter),
    "random": lambda problem, seed, prefilter: RandomSearch(problem, seed=seed, prefilter=prefilter),
}
"""By name, those that draw networks at random, if only at first."""

SEARCHERS: Mapping[str, Make] = {
    **DRAWING,
    "ppo": lambda problem, seed, _: ControllerSearch(problem, seed=seed, ppo=PPO()),
    "ppo_tuned": lambda problem, seed, _: ControllerSearch(problem, seed=seed, ppo=TUNED),
    "tpe": lambda problem, seed, _: OptunaSearch(problem, sampler="tpe", seed=seed),
    "nsga2": lambda problem, seed, _: OptunaSearch(problem, sampler="nsga2", seed=seed),
    "gp": lambda problem, seed, _: OptunaSearch(problem, sampler="gp", seed=seed),
}
"""By name."""

DEFAULT = "surrogate"


def find_searcher(name: str, *, prefilter: bool = False) -> Make:
    """What makes the searcher called `name`. Raises `EdgewiseError` for an unknown name, and where a `prefilter` would
    have nothing to choose among."""
    if name not in SEARCHERS:
        raise EdgewiseError(f"there is no searcher {name!r}; choose one of: {', '.join(SEARCHERS)}")
    if prefilter and name not in DRAWING:
        raise EdgewiseError(
            f"--prefilter chooses among networks drawn at random, and {name} draws none; it goes with "
            f"{', '.join(DRAWING)}"
        )
    return SEARCHERS[name]
