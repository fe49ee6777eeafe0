"""Searchers, one a file: they propose points in batches and are told how those did."""

from edgewise.searching.searchers.base import Searcher
from edgewise.searching.searchers.controller import PPO, TUNED, ControllerSearch
from edgewise.searching.searchers.evolution import Evolution
from edgewise.searching.searchers.optuna_search import OptunaSearch
from edgewise.searching.searchers.random_search import RandomSearch
from edgewise.searching.searchers.surrogate import Surrogate

__all__ = [
    "PPO",
    "TUNED",
    "ControllerSearch",
    "Evolution",
    "OptunaSearch",
    "RandomSearch",
    "Searcher",
    "Surrogate",
]
