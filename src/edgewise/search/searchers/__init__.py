"""Searchers, one a file: they propose points in batches and are told how those did."""

from edgewise.search.searchers.base import Searcher
from edgewise.search.searchers.controller import PPO, TUNED, ControllerSearch
from edgewise.search.searchers.evolution import Evolution
from edgewise.search.searchers.optuna_search import OptunaSearch
from edgewise.search.searchers.random_search import RandomSearch
from edgewise.search.searchers.surrogate import Surrogate

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
